"""Endings of files: which are Parquet's, and how files of other formats become Parquet."""

from __future__ import annotations

ENDINGS = (".parquet", ".parq", ".pq")
_POLARS = {
    ".csv": 'read_csv("FILE", separator=";", encoding="cp1252"',
    ".tsv": 'read_csv("FILE", separator="\\t"',
    ".txt": 'read_csv("FILE", separator="\\t", encoding="cp1252"',
    ".xlsx": 'read_excel("FILE"',
    ".xls": 'read_excel("FILE"',
    ".xlsb": 'read_excel("FILE"',
    ".ods": 'read_ods("FILE"',
    ".jsonl": 'read_ndjson("FILE"',
    ".ndjson": 'read_ndjson("FILE"',
    ".json": 'read_json("FILE"',
    ".feather": 'read_ipc("FILE"',
    ".arrow": 'read_ipc("FILE"',
    ".ipc": 'read_ipc("FILE"',
    ".avro": 'read_avro("FILE"',
}
_WORDS = {
    ".sas7bdat": 'In R: arrow::write_parquet(haven::read_sas("FILE"), "FILE.parquet").',
    ".xpt": 'In R: arrow::write_parquet(haven::read_xpt("FILE"), "FILE.parquet").',
    ".sav": 'In R: arrow::write_parquet(haven::read_sav("FILE"), "FILE.parquet").',
    ".dta": 'In R: arrow::write_parquet(haven::read_dta("FILE"), "FILE.parquet").',
    ".rds": 'In R: arrow::write_parquet(readRDS("FILE"), "FILE.parquet").',
    ".duckdb": "In DuckDB: COPY (SELECT * FROM TABLE) TO 'FILE.parquet' (FORMAT parquet).",
    ".pdf": "The texts of PDF and Word files must be taken out first, one row per document.",
    ".docx": "The texts of PDF and Word files must be taken out first, one row per document.",
    ".zip": "Unpack it first.",
    ".gz": "Unpack it first.",
}


def conversion(ending: str) -> str:
    """A sentence that says how a file with this ending becomes Parquet; empty if it is not known."""
    if call := _POLARS.get(ending.lower()):
        hint = " (separator and encoding as in the file)" if "csv" in call else ""
        return f'Convert it with Polars: pl.{call}).write_parquet("FILE.parquet"){hint}.'
    return _WORDS.get(ending.lower(), "")
