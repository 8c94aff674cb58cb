"""The pilot: runs a sample of the selected documents, and predicts time, tokens and energy of the whole run."""
