"""What a user can start: one file for each command, with the text of its help and its `main`."""
