"""Synthetic demonstration data, and the recipe of the small model trained on it."""
