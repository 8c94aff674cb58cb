"""One figure under several wordings, models and readings of the same documents, and the question sealed."""
