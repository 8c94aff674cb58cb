"""Pure functions between a document and its record: split, prompt turns, parse, align, confidence, merge."""
