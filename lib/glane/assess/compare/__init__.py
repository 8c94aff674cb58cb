"""Which run is better, and whether a model still answers as it did: several runs over the same documents."""
