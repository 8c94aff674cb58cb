"""Which rows of an input file of a run are of the documents: by ids, by ids of groups, or by numbers of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from glane.corpus.find import INPUT_FOLDER
from glane.job.erase.rows import RunRows
from glane.job.erase.tables import Mask, is_in, write_emptied
from glane.parquet import open_parquet, parquet_schema

_BATCH_ROWS = 4096


def input_batches(rows: RunRows, path: Path) -> Iterator[tuple[pa.Table, Mask]]:
    """The rows of an input file in batches, and which of them are of the documents; none of a file without their ids.

    Raises:
        OSError: if it cannot be read; and so on, as `glane.parquet.open_parquet`.
    """
    name, numbers = rows.name, _numbers(rows, path)
    if numbers is None and name not in parquet_schema(path).names:
        return
    first = 0
    with open_parquet(path) as parquet:
        for batch in parquet.iter_batches(_BATCH_ROWS):
            table = pa.Table.from_batches([batch])
            here = np.arange(first, first + table.num_rows)
            yield table, is_in(table[name], rows.ids) if numbers is None else np.isin(here, numbers)
            first += table.num_rows


def gone_in(rows: RunRows, path: Path) -> list[int]:
    """The numbers, from 0, of the rows of an input file that are of the documents, and are not made empty yet."""
    found: list[int] = []
    first = 0
    for table, goes in input_batches(rows, path):
        found += (first + np.flatnonzero(goes & _holds_any(table))).tolist()
        first += table.num_rows
    return found


class Emptying(NamedTuple):
    """How many rows of an input file are made empty, and what writes it so."""

    rows: int
    write: Callable[[IO[bytes]], None]


def emptying(runs: Sequence[RunRows], path: Path) -> Emptying | None:
    """What empties the rows of an input file that go of these runs; None where it has none of them."""
    numbers = sorted({row for rows in runs for row in gone_in(rows, path)})
    if not numbers:
        return None
    names = [str(rows.data.get("id_column", "id")) for rows in runs if not rows.data.get("number_rows")]
    if not names:
        return Emptying(len(numbers), lambda stream: write_emptied(path, stream, (), None, numbers))
    name = names[0]
    with open_parquet(path) as parquet:
        held = parquet.read(columns=[name])[name].take(pa.array(numbers)).to_pylist()
    ids = {str(one) for one in held if one is not None}
    return Emptying(len(numbers), lambda stream: write_emptied(path, stream, ids, name, numbers))


def _numbers(rows: RunRows, path: Path) -> npt.NDArray[np.int64] | None:
    """Where ids are the numbers of rows over all files: those of a file, from 0. None where a column tells."""
    if not rows.data.get("number_rows") or rows.is_grouped:
        return None
    first = 0
    for file in () if rows.plan is None else rows.plan.files:
        if _is_same(Path(file.path), path):
            numbers = np.array([int(one) - 1 - first for one in rows.ids if one.isdigit()], np.int64)
            return numbers[(numbers >= 0) & (numbers < file.rows)]
        first += file.rows
    return np.array([], np.int64)


def _is_same(planned: Path, path: Path) -> bool:
    """Whether a file is one of the plan; one that the run made lies within it, also once the run was moved."""
    is_own = {planned.parent.name, path.parent.name} == {INPUT_FOLDER} and planned.name == path.name
    return is_own or planned.resolve() == path.resolve()


def _holds_any(table: pa.Table) -> Mask:
    """Of each row, whether any cell of it holds something."""
    found = np.zeros(table.num_rows, np.bool_)
    for column in table.columns:
        found |= np.asarray(pc.is_valid(column).combine_chunks().to_numpy(zero_copy_only=False), np.bool_)
    return found
