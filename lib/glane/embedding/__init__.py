"""Documents become vectors, as one kind of work on a durable run."""
