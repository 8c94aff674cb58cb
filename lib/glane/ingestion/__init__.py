"""Files of any kind become a Parquet data set of documents, as one kind of work on a durable run."""
