"""Two models in turn: the small one answers all, the large one what the small one is not sure enough of."""
