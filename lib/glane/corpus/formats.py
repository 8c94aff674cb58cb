"""Endings of files: which are Parquet's, which are tables that become Parquet, and what helps with others."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from glane.tables.formats import format_of
from glane.tables.options import TableOptions

ENDINGS = (".parquet", ".parq", ".pq")
_DOCUMENTS = "The texts of PDF and Word files must be taken out first, one row per document."
_WORDS = {
    ".avro": 'Convert it with Polars: pl.read_avro("FILE").write_parquet("FILE.parquet").',
    ".rds": 'In R: arrow::write_parquet(readRDS("FILE"), "FILE.parquet").',
    ".sqlite": "Export its table as CSV: sqlite3 -header -csv FILE 'SELECT * FROM TABLE'.",
    ".db": "Export its table as CSV: sqlite3 -header -csv FILE 'SELECT * FROM TABLE'.",
    ".pdf": _DOCUMENTS,
    ".docx": _DOCUMENTS,
    ".zip": "Unpack it first.",
    ".gz": "Unpack it first, or give it a name that says what is in it, as list.csv.gz.",
}


def conversion(path: str | Path, *, are_taken: bool = False) -> str:
    """A sentence that says how a file becomes Parquet; empty if that is not known.

    Args:
        path: of the file, which need not be there.
        are_taken: whether the setting that named the file takes such tables by themselves.
    """
    path = Path(path)
    if format_of(path) is not None:
        glob = shlex.quote(str(path.parent / f"*{path.suffix}"))
        direct = f"Such tables are taken by themselves: give the file, or data.path={glob}. Or c" if are_taken else "C"
        return f"{direct}onvert it once: {conversion_command(path)}"
    said = _WORDS.get(path.suffix.lower(), "")
    return said.replace("FILE.parquet", str(path.with_suffix(".parquet"))).replace("FILE", str(path))


def conversion_command(path: str | Path, options: TableOptions | None = None) -> str:
    """The command that makes a Parquet file of a table, with what was told of it."""
    path = Path(path)
    target = path.with_name(f"{path.name}.parquet")
    told = {} if options is None else options.told()
    words = [f"source={path}", f"data.path={target}", *(f"data.{name}={_word(value)}" for name, value in told.items())]
    return " ".join(["glane convert", *map(shlex.quote, words)])


def _word(value: object) -> str:
    if isinstance(value, str):
        return {"\t": "tab"}.get(value, value)
    return f"[{','.join(map(str, value))}]" if isinstance(value, Iterable) else str(value)
