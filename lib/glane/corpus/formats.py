"""Endings of files: which are Parquet's, and how files of other formats become Parquet."""

from __future__ import annotations

from pathlib import Path

from glane.corpus.delimited import reading_line, shape_of

ENDINGS = (".parquet", ".parq", ".pq")
_POLARS = {
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


_DELIMITED = (".csv", ".tsv", ".txt")
_UNKNOWN = (
    'Convert it with Polars: pl.read_csv("FILE", separator="…", encoding="…", infer_schema=False)'
    '.write_parquet("FILE.parquet"), with the separator and the encoding of the file.'
)


def conversion(path: str | Path, *, ending: str | None = None) -> str:
    """A sentence that says how a file becomes Parquet; empty if that is not known.

    A file of separated values is looked into. Cells are not shown.

    Args:
        path: of the file, which need not be there.
        ending: what the file is, where its name does not say.
    """
    path = Path(path)
    ending = (ending or path.suffix).lower()
    if ending in _DELIMITED:
        return _of_delimited(path)
    if call := _POLARS.get(ending):
        return _named(f'Convert it with Polars: pl.{call}).write_parquet("FILE.parquet").', path)
    return _named(_WORDS.get(ending, ""), path)


def _of_delimited(path: Path) -> str:
    shape = shape_of(path)
    if shape is None:
        return _named(_UNKNOWN, path)
    said = f"Convert it with Polars: {reading_line(path, shape)}. All columns stay text, so that ids keep their zeros"
    if shape.has_decimal_commas:
        said += (
            '; numbers have a decimal comma: .with_columns(pl.col("COLUMN").str.replace(",", ".").cast(pl.Float64)) '
            "before it is written, where one is needed"
        )
    return f"{said}."


def _named(sentence: str, path: Path) -> str:
    return sentence.replace("FILE.parquet", str(path.with_suffix(".parquet"))).replace("FILE", str(path))
