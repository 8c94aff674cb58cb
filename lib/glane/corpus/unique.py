"""The check that no id occurs twice, for more ids than fit into memory."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

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
        self._num_expected = num_expected
        self._num_buckets = 1 if num_expected <= _IN_MEMORY else -(-num_expected // _BUCKET)
        self._waiting: list[Hashes] = []
        self._num_waiting = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> IdHashes:
        if self._num_buckets > 1:
            self._folder = tempfile.TemporaryDirectory(prefix="glane-ids-")
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def add(self, ids: pl.Series) -> None:
        """Add the hashes of some ids.

        Raises:
            DataError: if the temporary files cannot be written.
        """
        self._waiting.append(ids.hash().to_numpy())
        self._num_waiting += len(ids)
        if self._folder is not None and self._num_waiting >= _BUFFER:
            self._spill(Path(self._folder.name))

    def repeated(self) -> Hashes:
        """The hashes that were added more than once, by duplicate ids or, rarely, by a collision."""
        if self._folder is None:
            return _repeated(np.concatenate(self._waiting)) if self._waiting else np.zeros(0, np.uint64)
        self._spill(Path(self._folder.name))
        paths = sorted(Path(self._folder.name).iterdir())
        found = [_repeated(np.fromfile(path, np.uint64)) for path in paths]
        return np.concatenate(found) if found else np.zeros(0, np.uint64)

    def _spill(self, folder: Path) -> None:
        if not self._waiting:
            return
        hashes = np.concatenate(self._waiting)
        self._waiting, self._num_waiting = [], 0
        # Small integers: NumPy sorts those by counting, ten times as fast.
        buckets = (((hashes >> np.uint64(32)) * np.uint64(self._num_buckets)) >> np.uint64(32)).astype(np.uint16)
        hashes = hashes[np.argsort(buckets, kind="stable")]
        bounds = np.concatenate([[0], np.cumsum(np.bincount(buckets, minlength=self._num_buckets))])
        try:
            for bucket in np.flatnonzero(np.diff(bounds)):
                with open(folder / str(bucket), "ab") as stream:
                    hashes[bounds[bucket] : bounds[bucket + 1]].tofile(stream)
        except OSError as error:
            raise DataError(
                f"{folder}: {error.strerror or 'cannot be written'}. Checking that {self._num_expected} ids are unique "
                f"takes {8 * self._num_expected / 2**30:.1f} GiB of temporary disk: set TMPDIR to a place with room."
            ) from None


def _repeated(hashes: Hashes) -> Hashes:
    hashes.sort()
    return np.unique(hashes[1:][hashes[1:] == hashes[:-1]])
