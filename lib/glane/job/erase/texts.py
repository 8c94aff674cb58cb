"""The texts of documents that go, and of all others, from the inputs of runs and from their rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from glane.errors import GlaneError
from glane.job.erase.inputs import input_batches
from glane.job.erase.pieces import strings_in
from glane.job.erase.rows import RunRows
from glane.job.erase.tables import Mask, is_in
from glane.parquet import open_parquet

_BATCH_ROWS = 4096


def texts_of(runs: Sequence[RunRows]) -> list[str]:
    """The texts of the documents, and all texts of their rows, except ids."""
    found: dict[str, None] = {}
    for rows in runs:
        for batch, mask in _batches(rows):
            goes = batch.filter(pa.array(mask))
            names = {rows.name, str(rows.data.get("id_column", "id"))}
            told = goes.select([name for name in goes.column_names if name not in names])
            found |= dict.fromkeys(strings_in(told.to_pylist()))
    ids = {one for rows in runs for one in rows.documents}
    return [text for text in found if text not in ids]


def texts_of_others(runs: Sequence[RunRows]) -> Iterator[list[str]]:
    """The same of all other documents, in batches; and what the runs say of their task."""
    for rows in runs:
        yield [rows.directory.description.read_text(encoding="utf-8", errors="replace")]
        for batch, mask in _batches(rows):
            yield list(dict.fromkeys(strings_in(batch.filter(pa.array(~mask)).to_pylist())))


def _batches(rows: RunRows) -> Iterator[tuple[pa.Table, Mask]]:
    """The rows of a run and of its input files that are there, in batches, and which of them are of the documents."""
    for path in rows.files:
        with open_parquet(path) as parquet:
            for batch in parquet.iter_batches(_BATCH_ROWS):
                table = pa.Table.from_batches([batch])
                yield table, is_in(table[rows.name], rows.ids)
    for path in rows.inputs:
        try:
            yield from input_batches(rows, path)
        except (GlaneError, OSError, pa.ArrowException):
            continue
