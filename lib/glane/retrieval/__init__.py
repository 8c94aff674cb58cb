"""Documents of an embedded corpus found by meaning, by words, or by both; and groups of near ones."""
