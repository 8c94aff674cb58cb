"""Pure functions between a document and its record: split, parse."""
