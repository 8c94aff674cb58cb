"""The texts of documents that go, and of all others, from the inputs of runs and from their rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from glane.errors import GlaneError
from glane.job.erase.pieces import strings_in
from glane.job.erase.rows import RunRows
from glane.job.erase.tables import is_in
from glane.parquet import open_parquet, parquet_schema

_BATCH_ROWS = 4096


def texts_of(runs: Sequence[RunRows]) -> list[str]:
    """The texts of the documents, and all texts of their rows, except ids."""
    found: dict[str, None] = {}
    for rows in runs:
        for path, name in _tables(rows):
            for batch in _batches(path):
                goes = batch.filter(pa.array(is_in(batch[name], rows.documents)))
                found |= dict.fromkeys(strings_in(goes.drop_columns([name]).to_pylist()))
    ids = {one for rows in runs for one in rows.documents}
    return [text for text in found if text not in ids]


def texts_of_others(runs: Sequence[RunRows]) -> Iterator[list[str]]:
    """The same of all other documents, in batches; and what the runs say of their task."""
    for rows in runs:
        yield [rows.directory.description.read_text(encoding="utf-8", errors="replace")]
        for path, name in _tables(rows):
            for batch in _batches(path):
                stays = batch.filter(pa.array(~is_in(batch[name], rows.documents)))
                yield list(dict.fromkeys(strings_in(stays.to_pylist())))


def _batches(path: Path) -> Iterator[pa.Table]:
    with open_parquet(path) as parquet:
        for batch in parquet.iter_batches(_BATCH_ROWS):
            yield pa.Table.from_batches([batch])


def _tables(rows: RunRows) -> Iterator[tuple[Path, str]]:
    """Files of rows, and input files that are there, each with the column of its ids."""
    for path in rows.files:
        yield path, rows.name
    name = str(rows.data.get("id_column", "id"))
    for file in () if rows.plan is None else rows.plan.files:
        path = Path(file.path)
        try:
            if path.is_file() and name in parquet_schema(path).names:
                yield path, name
        except (GlaneError, OSError, pa.ArrowException):
            continue
