"""How much a confidence means, and from which on an answer can be accepted unseen."""
