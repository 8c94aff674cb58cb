"""Pages that are pictures are read by a vision model, and marked: it may leave out and make up words."""
