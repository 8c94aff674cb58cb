"""A table of another format than Parquet in memory, read as `convert` reads it. Nothing of it is put down on a disk."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import polars as pl
import pyarrow as pa

from glane.errors import DataError
from glane.parquet import PARQUET
from glane.storage import content_digest
from glane.tables.formats import format_of, refuse_options
from glane.tables.open_table import open_table
from glane.tables.options import TableOptions
from glane.tables.reading import reading_errors, storable
from glane.tables.shape import TableShape


def is_table(path: str | Path) -> bool:
    """Whether the ending of a file is that of a table of another format, and the file is no Parquet."""
    if format_of(path) is None:
        return False
    try:
        with Path(path).open("rb") as stream:
            return stream.read(4) not in PARQUET
    except OSError:
        return True


def read_frame(
    path: str | Path, options: TableOptions | None = None, *, as_text: bool = False, place: str = "data"
) -> tuple[pl.DataFrame, TableShape]:
    """Read a table, and what was found out of it.

    Args:
        path: of a file of which `is_table` holds.
        options: how it is read; what is not told is guessed.
        as_text: whether columns of delimited text are made no numbers or dates.
        place: the key under which the options stand.

    Raises:
        DataError: naming the line, the sheet or the column that cannot be read. No cell is shown.
        ConfigError: for an option that says nothing of this format.
    """
    path, options = Path(path), options or TableOptions()
    kind = format_of(path)
    assert kind is not None
    refuse_options(path, options, place=place)
    with reading_errors(path):
        reading = open_table(path, kind, options, None, as_text=as_text)
        schema = storable(reading.schema, path)
        batches = [batch.cast(schema) for batch in reading.batches]
        with path.open("rb") as content:
            size, digest = path.stat().st_size, content_digest(content)
    if not batches:
        raise DataError(f"{path}: holds no row.")
    frame = cast(pl.DataFrame, pl.from_arrow(pa.concat_tables(batches)))
    shape = TableShape(
        source=path.name, format=kind.value, bytes=size, digest=digest, rows=frame.height, columns=frame.width,
        notes=tuple(reading.notes), **reading.facts,
    )  # fmt: skip
    return frame, shape
