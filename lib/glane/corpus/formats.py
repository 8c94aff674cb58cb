"""Endings of files: which are Parquet's, which are tables that become Parquet, and what helps with others."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from pathlib import Path

from glane.tables.formats import format_of
from glane.tables.options import TableOptions

ENDINGS = (".parquet", ".parq", ".pq")


def conversion(path: str | Path, *, are_taken: bool = False) -> str:
    """A sentence that says how a file becomes Parquet; empty if that is not known.

    Args:
        path: of the file, which need not be there.
        are_taken: whether the setting that named the file takes such tables by themselves.
    """
    path = Path(path)
    if format_of(path) is not None:
        glob = shlex.quote(str(path.parent / f"*{path.suffix}"))
        command = conversion_command(path)
        if not are_taken:
            return f"Convert it once: {command}"
        return f"Such tables are taken by themselves: give the file, or data.path={glob}. Or convert it once: {command}"
    return _other(path)


def _other(path: Path) -> str:
    """What helps with a file that is no table of glane's."""
    match path.suffix.lower():
        case ".avro":
            target = path.with_suffix(".parquet")
            return f'Convert it with Polars: pl.read_avro("{path}").write_parquet("{target}").'
        case ".rds":
            return f'In R: arrow::write_parquet(readRDS("{path}"), "{path.with_suffix(".parquet")}").'
        case ".sqlite" | ".db":
            return f"Export its table as CSV: sqlite3 -header -csv {path} 'SELECT * FROM TABLE'."
        case ".pdf" | ".docx":
            return "The texts of PDF and Word files must be taken out first, one row per document."
        case ".zip":
            return "Unpack it first."
        case ".gz":
            return "Unpack it first, or give it a name that says what is in it, as list.csv.gz."
        case _:
            return ""


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
