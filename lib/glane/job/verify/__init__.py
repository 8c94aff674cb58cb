"""Every digest of a run taken again: its files, what it was made of, and what was made of it."""
