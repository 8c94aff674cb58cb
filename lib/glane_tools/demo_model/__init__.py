"""Trains the demo model: network, tokenizer, training and score."""
