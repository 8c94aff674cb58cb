"""The work of asking a model about documents: prompts, engines kept full, records, results."""
