"""Documents of a run extracted again, and compared with what the run answered."""
