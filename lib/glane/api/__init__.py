"""What notebooks and commands call: each function takes a run by its path, and writes only where it is told to."""
