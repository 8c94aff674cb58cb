"""A table becomes a Parquet file: whole, typed, and with a record of what was guessed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pyarrow as pa

from glane.errors import ConfigError, DataError, RunError
from glane.parquet import parquet_writer
from glane.storage import content_digest, storage_errors, write_once
from glane.tables.formats import ENDINGS, TableFormat, format_of, refuse_options
from glane.tables.open_table import open_table
from glane.tables.options import TableOptions
from glane.tables.reading import Reading, reading_errors, storable
from glane.tables.shape import TableShape

_MODE = 0o600  # it holds texts of documents


def convert(source: str | Path, target: str | Path, *, options: TableOptions, setting: str = "data.path") -> TableShape:
    """Write a table of another format as the new Parquet file `target`, and return what was found out of it.

    The file appears whole or not at all, readable by its owner only. Delimited text, JSON lines, Arrow, DuckDB and the
    files of statistics packages are read in parts; workbooks and JSON arrays are held in memory. `setting` is the key
    that chose the target.

    Raises:
        DataError: naming the line, the sheet or the column that cannot be read, and the remedy. No cell is shown.
        ConfigError: for an option that says nothing of this format, or a target that is named as another one.
        RunError: if the target is there already, or the file system refuses.
    """
    source, target = Path(source).expanduser(), Path(target).expanduser()
    kind = format_of(source)
    if kind is None:
        raise DataError(
            f"{source}: no table by its ending. Read are {', '.join(ENDINGS)}, and text packed as .gz or .zst."
        )
    refuse_options(source, options)
    _refuse_other_format(target, setting)
    if target.exists():
        raise RunError(f"{setting}: {target} is there already. Choose another {setting}, or move the file.")
    with storage_errors(target, setting=setting):
        target.parent.mkdir(parents=True, exist_ok=True)
    made: list[TableShape] = []

    def write(stream: IO[bytes]) -> None:
        made.append(_written(source, kind, options, stream, beside=target.parent))

    if not write_once(target, write, mode=_MODE, setting=setting):
        raise RunError(f"{setting}: {target} was made by another process meanwhile. Choose another {setting}.")
    return made[-1]


def _refuse_other_format(target: Path, setting: str) -> None:
    """Refuse a name that says what the file is not."""
    if format_of(target) is not None:
        raise ConfigError(
            f"{setting}: {target} would be Parquet, and its ending says {format_of(target)}. Give it the ending "
            ".parquet. The values of a run go into CSV, XLSX and others by glane export."
        )


def _written(source: Path, kind: TableFormat, options: TableOptions, stream: IO[bytes], *, beside: Path) -> TableShape:
    with tempfile.TemporaryDirectory(prefix=".glane-table-", dir=beside) as folder:
        with reading_errors(source):
            before = source.stat()
            reading = open_table(source, kind, options, Path(folder))
        schema = storable(reading.schema, source)
        num_rows = 0
        with parquet_writer(stream, schema) as writer:
            for batch in _read(source, reading):
                writer.write_table(batch.cast(schema), row_group_size=max(1, batch.num_rows))
                num_rows += batch.num_rows
    if not num_rows:
        raise DataError(f"{source}: holds no row.")
    with reading_errors(source):
        with source.open("rb") as content:
            digest = content_digest(content)
        after = source.stat()
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise DataError(f"{source}: was changed while it was read. Run the command again once it is at rest.")
    return TableShape(
        source=source.name, format=kind.value, bytes=after.st_size, digest=digest, rows=num_rows,
        columns=len(schema.names), notes=tuple(reading.notes), **reading.facts,
    )  # fmt: skip


def _read(source: Path, reading: Reading) -> Iterator[pa.Table]:
    with reading_errors(source):
        yield from reading.batches
