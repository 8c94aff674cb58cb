"""A list of ids: one column of a Parquet file, or of a table of another format."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import polars as pl
import pyarrow as pa

from glane.corpus.files import unreadable_file
from glane.corpus.ids import as_ids, id_type
from glane.errors import DataError, did_you_mean
from glane.parquet import open_parquet
from glane.tables.advice import advised
from glane.tables.frames import is_table, read_frame
from glane.type_words import type_words

_BATCH_ROWS = 65_536


def read_id_list(path: str, column: str, *, setting: str) -> pl.Series:
    """The ids in a column of a Parquet file, as a result has them. No other column is read.

    Those of another table are texts: its cells tell no type. `setting` is the key that names the file.

    Raises:
        DataError: if it is no table, lacks the column, or has an id twice or null.
    """
    place = f"{setting}: {path}"
    if not Path(path).is_file():
        raise DataError(f"{place} is no file. Give a table with the ids in a column {column!r}.")
    ids = _of_other(path, column, place) if is_table(path) else _of_parquet(path, column, place, setting)
    if ids.null_count() or ids.n_unique() < len(ids):
        raise DataError(f"{place} has ids that are null, or stand in it twice. Give each id once.")
    return ids


def _of_other(path: str, column: str, place: str) -> pl.Series:
    """The ids of a table of another format: whole numbers of a workbook are texts, too."""
    try:
        frame, _ = read_frame(path, as_text=True)
    except DataError as error:
        raise DataError(f"{place} cannot be taken. {advised(error, path)}") from None
    _id_kind(frame.head(0).to_arrow().schema, column, place)
    return cast(pl.Series, pl.from_arrow(as_ids(frame[column].to_arrow(), place=place))).cast(pl.String)


def _of_parquet(path: str, column: str, place: str, setting: str) -> pl.Series:
    try:
        with open_parquet(path) as parquet:
            kind = _id_kind(parquet.schema_arrow, column, place)
            batches = parquet.iter_batches(_BATCH_ROWS, columns=[column])
            parts = [as_ids(batch.column(column), place=place) for batch in batches]
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{setting}: {unreadable_file(path, error)}") from None
    return cast(pl.Series, pl.from_arrow(pa.chunked_array(parts, kind)))


def _id_kind(schema: pa.Schema, column: str, place: str) -> pa.DataType:
    """The type of the ids."""
    if schema.names.count(column) != 1:
        number = "no column" if column not in schema.names else "several columns"
        raise DataError(f"{place} has {number} {column!r}, and one is needed. {did_you_mean(column, schema.names)}")
    kind = id_type(schema.field(column).type)
    if kind is None:
        raise DataError(f"{place}: column {column!r} is {type_words(schema.field(column).type)}, which holds no ids.")
    return kind
