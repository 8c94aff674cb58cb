"""Documents taken out of everything that glane made of them."""
