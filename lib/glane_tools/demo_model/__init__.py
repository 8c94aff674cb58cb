"""The recipe of the demo model: network, tokenizer, training, score."""
