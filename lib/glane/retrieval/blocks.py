"""The vectors of a run, block by block in bounded memory, in the order of its rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from glane.embedding.columns import CHUNKS
from glane.engine.protocol import Vector
from glane.parquet import open_parquet

Places = npt.NDArray[np.int64]
_BLOCK_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Vectors of consecutive rows: row `first_row + i` has those from `bounds[i]` to `bounds[i + 1]`."""

    first_row: int
    bounds: Places
    starts: Places  # of each chunk in its document, in code points
    ends: Places
    vectors: Vector  # a row each


def blocks(files: Sequence[Path]) -> Iterator[Block]:
    """Read the vectors of published files."""
    row = 0
    for path in files:
        with open_parquet(path) as parquet:
            for batch in parquet.iter_batches(_rows_at_once(parquet.metadata), columns=[CHUNKS]):
                column = batch.column(0)
                _, starts, ends, vectors = column.flatten().flatten()
                bounds = column.offsets.to_numpy().astype(np.int64)
                flat = vectors.flatten().to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
                yield Block(
                    first_row=row,
                    bounds=bounds - bounds[0],
                    starts=starts.to_numpy(),
                    ends=ends.to_numpy(),
                    vectors=flat.reshape(-1, vectors.type.list_size),
                )
                row += batch.num_rows


def spans(files: Sequence[Path]) -> tuple[Places, Places, Places]:
    """Where the chunks of each row begin among all, and the start and end of each chunk. No vector is read."""
    sizes, starts, ends = [np.zeros(1, np.int64)], [], []
    for path in files:
        with open_parquet(path) as parquet:
            names = [f"{CHUNKS}.list.element.{name}" for name in ("start", "end")]
            for batch in parquet.iter_batches(columns=names):
                column = batch.column(0)
                start, end = column.flatten().flatten()
                sizes.append(np.diff(column.offsets.to_numpy()).astype(np.int64))
                starts.append(start.to_numpy())
                ends.append(end.to_numpy())
    none = np.zeros(0, np.int64)
    return np.cumsum(np.concatenate(sizes)), np.concatenate([none, *starts]), np.concatenate([none, *ends])


def _rows_at_once(footer: pq.FileMetaData) -> int:
    num_bytes = sum(footer.row_group(i).total_byte_size for i in range(footer.num_row_groups))
    return max(1, min(65_536, _BLOCK_BYTES * footer.num_rows // max(num_bytes, 1)))
