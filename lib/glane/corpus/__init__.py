"""Parquet in and out: inspect files, select rows, plan shards, read documents, write records."""
