"""What may be told of counts: which are too small, what else must be hidden with them, and whether that suffices."""
