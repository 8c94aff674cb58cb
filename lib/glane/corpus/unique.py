"""The check that no id occurs twice, for more ids than fit into memory."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from glane.corpus.buckets import Buckets
from glane.errors import DataError

Hashes = npt.NDArray[np.uint64]
_IN_MEMORY = 16_000_000  # hashes: 128 MB; more than this are split over temporary files
_BUCKET = 8_000_000  # hashes per file, because a file is sorted in memory
_BUFFER = 2**20  # hashes that are collected before the files are opened


class IdHashes:
    """64-bit hashes of ids: in memory if they are few, else in temporary files, divided by their high bits.

    Equal ids have equal hashes, so an id whose hash does not repeat is unique. Ids with a repeated hash must be
    compared. On disk, in TMPDIR, an id takes 8 bytes: 8 GB for a billion.
    """

    def __init__(self, num_expected: int) -> None:
        self._buckets = Buckets(
            num_expected,
            num_columns=1,
            in_memory=_IN_MEMORY,
            bucket=_BUCKET,
            buffer=_BUFFER,
            prefix="glane-ids-",
            what=f"Checking that {num_expected} ids are unique",
            error=DataError,
        )

    def __enter__(self) -> IdHashes:
        self._buckets.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._buckets.__exit__()

    def add(self, ids: pl.Series) -> None:
        """Add the hashes of some ids.

        Raises:
            DataError: if the temporary files cannot be written.
        """
        self._buckets.add(ids.hash().to_numpy().reshape(-1, 1))

    def repeated(self) -> Hashes:
        """The hashes that were added more than once, by duplicate ids or, rarely, by a collision.

        Raises:
            DataError: if the temporary files cannot be written.
        """
        found = [_repeated(rows.ravel()) for rows in self._buckets.each()]
        return np.concatenate(found) if found else np.zeros(0, np.uint64)


def _repeated(hashes: Hashes) -> Hashes:
    hashes.sort()
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
