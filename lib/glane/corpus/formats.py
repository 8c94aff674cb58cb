"""Endings of files: which are Parquet's, which are tables that become Parquet, and what helps with others."""

from __future__ import annotations

import shlex
from pathlib import Path

from glane.tables.advice import conversion_command
from glane.tables.formats import format_of

ENDINGS = (".parquet", ".parq", ".pq")
DOCUMENTS = (  # that `glane ingest` reads the texts of
    ".pdf", ".docx", ".docm", ".doc", ".dot", ".dotx", ".rtf", ".odt", ".ott", ".fodt", ".pptx", ".ppt", ".odp", ".odg",
    ".html", ".htm", ".xhtml", ".xml", ".eml", ".emlx", ".msg", ".mbox", ".mht", ".mhtml", ".md", ".markdown",
)  # fmt: skip


def conversion(path: str | Path, *, taken_by: str | None = None, among: str | None = None) -> str:
    """A sentence that says how a file becomes Parquet; empty if that is not known.

    Args:
        path: of the file, which need not be there.
        taken_by: the setting that named the file, if it takes such tables by themselves.
        among: the folder or glob of files that it was found in.
    """
    path = Path(path)
    if format_of(path) is not None:
        glob = shlex.quote(str(path.parent / f"*{path.suffix}"))
        command = conversion_command(path)
        told = f"Convert it once: {command}"
        if taken_by is not None:
            told = (
                f"Such tables are taken by themselves: give the file, or {taken_by}={glob}. Or convert it once: "
                f"{command}"
            )
        if path.suffix.lower() == ".txt":
            told = f"{told} (if each file is a document: {ingest_command(among or path)})"
        return told
    return _other(path, among)


def ingest_command(source: str | Path) -> str:
    """The command that makes a data set of files that are documents."""
    folder = Path(str(source).partition("*")[0].rstrip("/") or ".")
    target = folder.with_name(f"{folder.name or 'documents'}.ingested")
    return f"glane ingest {shlex.quote(f'source={source}')} {shlex.quote(f'data.path={target}')}"


def _other(path: Path, among: str | None) -> str:
    """What helps with a file that is no table of glane's."""
    match path.suffix.lower():
        case ".avro":
            target = path.with_suffix(".parquet")
            return f'Convert it with Polars: pl.read_avro("{path}").write_parquet("{target}").'
        case ".rds":
            return f'In R: arrow::write_parquet(readRDS("{path}"), "{path.with_suffix(".parquet")}").'
        case ".sqlite" | ".db":
            return f"Export its table as CSV: sqlite3 -header -csv {path} 'SELECT * FROM TABLE'."
        case ending if ending in DOCUMENTS:
            return f"Such files are documents: read their texts first, one row each: {ingest_command(among or path)}"
        case ".zip":
            return f"Unpack it first; or, if it holds documents, read their texts: {ingest_command(among or path)}"
        case ".gz":
            return "Unpack it first, or give it a name that says what is in it, as list.csv.gz."
        case _:
            return ""
