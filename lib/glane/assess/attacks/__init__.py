"""How far documents that speak to a model change its answers: attacks planted into documents, and their success."""
