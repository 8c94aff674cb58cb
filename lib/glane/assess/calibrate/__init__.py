"""What a confidence is worth, and above which confidence an answer can be accepted without review."""
