"""The input: inspect Parquet files, select rows, plan shards, read documents. It knows no task and no engine."""
