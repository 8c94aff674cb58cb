"""A share, mean or regression over the whole collection, from the model's answers and a reviewed sample."""
