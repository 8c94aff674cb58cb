"""Tables of other formats become Parquet: delimited text, JSON, spreadsheets, statistics packages, Arrow, DuckDB."""
