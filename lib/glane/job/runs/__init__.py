"""The list of runs in a folder, and what was made of each."""
