"""The ids that are asked for, and which of them a run has."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import cast

import polars as pl
import pyarrow as pa

from glane.corpus.id_list import read_id_list
from glane.corpus.ids import as_ids
from glane.errors import ConfigError, GlaneError
from glane.job.erase.rows import RunRows
from glane.job.erase.tables import csv_ids_held, ids_held
from glane.parquet import parquet_schema, read_parquet
from glane.run.description import RunDescription
from glane.run.directory import RunDirectory
from glane.run.erased import id_digests
from glane.settings import EraseSettings
from glane.types import DOCUMENTS


def asked_ids(settings: EraseSettings, of: RunDescription) -> frozenset[str]:
    """The ids of the settings, as texts; of a file, those in the column that has the ids of the run.

    Raises:
        ConfigError: if there are none.
        DataError: if the file cannot be read, or has no such column.
    """
    found = {str(one) for one in settings.ids}
    if settings.ids_in is not None:
        data = of.settings.get("data")
        column = (data.get("group_by") or data.get("id_column") or "id") if isinstance(data, dict) else "id"
        found |= {str(one) for one in read_id_list(settings.ids_in, str(column), setting="ids_in").to_list()}
    if not found:
        raise ConfigError("ids: none are given. Give ids=[…], or ids_in=FILE with the ids in a column.")
    return frozenset(found)


def digest_of_ids(ids: Collection[str], directory: RunDirectory) -> str:
    """By what a command knows again that a change of a run is its own: a slow digest, salted with the run."""
    (found,) = id_digests([hashlib.sha256("\0".join(sorted(ids)).encode()).hexdigest()], directory.identity())
    return found


def ids_in(rows: RunRows) -> set[str]:
    """Those of the ids that the run has rows of."""
    found: set[str] = set()
    for path, mask in rows.held.items():
        if mask.any():
            column = read_parquet(path, columns=[rows.name])[rows.name].filter(pa.array(mask))
            found |= {str(one) for one in column.to_pylist()}
    for one in rows.planned.values():
        found |= {str(name) for name in one.ids.filter(pa.array(one.goes)).to_pylist()}
    return found | (set(rows.ids) if rows.planned and rows.is_grouped else set())


def columns_of_ids(runs: Iterable[RunRows]) -> Iterator[pl.Series]:
    """The columns with ids that runs have, in their rows and in the input files that are there."""
    for rows in runs:
        for path in rows.files:
            yield _column(read_parquet(path, columns=[rows.name])[rows.name])
            if rows.is_grouped:
                cells = _column(read_parquet(path, columns=[DOCUMENTS])[DOCUMENTS])
                yield cells.explode().struct.field("document")
        names = {rows.name, str(rows.data.get("id_column", "id"))}
        for path in rows.inputs:
            with contextlib.suppress(GlaneError, OSError, pa.ArrowException):
                there = [name for name in parquet_schema(path).names if name in names]
                table = read_parquet(path, columns=there)
                for name in there:
                    yield _column(as_ids(table[name].combine_chunks(), place=str(path)))


def _column(cells: pa.Array | pa.ChunkedArray) -> pl.Series:
    return cast(pl.Series, pl.from_arrow(cells))


def ids_told_by(path: Path, ids: Collection[str], names: Collection[str]) -> set[str]:
    """Those of the ids that a table of results or a data set has rows of; `names` are the columns of ids of runs."""
    if path.suffix != ".parquet":
        return csv_ids_held(path.read_bytes(), ids, names)
    return ids_held(path, ids, [*names, "id", "new_id", parquet_schema(path).names[0]], anywhere=True)
