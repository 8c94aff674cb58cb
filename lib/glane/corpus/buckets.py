"""Rows of 64-bit integers, more than fit into memory, parted so that equal ones are together."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from glane.errors import GlaneError

Rows = npt.NDArray[np.uint64]  # one column a dimension of the second axis


class Buckets:
    """Rows by the high bits of their first column: in memory if they are few, else in temporary files, one a bucket.

    Rows of a bucket stay in the order in which they were added.
    """

    def __init__(
        self,
        num_expected: int,
        *,
        num_columns: int,
        in_memory: int,
        bucket: int,
        buffer: int,
        prefix: str,
        what: str,
        error: type[GlaneError],
    ) -> None:
        """Args:
        num_expected: Rows.
        num_columns: Of each row.
        in_memory: Up to so many rows are kept there; of more, a bucket has about `bucket`.
        bucket: A bucket is read at once.
        buffer: So many rows are collected before the files are opened.
        prefix: Of the folder in TMPDIR.
        what: What the rows are for, as the beginning of a sentence that tells how much disk it takes.
        error: What is raised if the temporary files cannot be written or read.
        """
        self._num_buckets = 1 if num_expected <= in_memory else -(-num_expected // bucket)
        self._num_expected, self._num_columns = num_expected, num_columns
        self._buffer, self._prefix, self._what, self._error = buffer, prefix, what, error
        self._waiting: list[Rows] = []
        self._num_waiting = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> Buckets:
        if self._num_buckets > 1:
            self._folder = tempfile.TemporaryDirectory(prefix=self._prefix)
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    @property
    def folder(self) -> str:
        """Where the temporary files are; empty if all is in memory."""
        return "" if self._folder is None else self._folder.name

    def add(self, rows: Rows) -> None:
        """Add rows, of shape (n, num_columns).

        Raises:
            GlaneError: of the kind `error`, if the temporary files cannot be written.
        """
        self._waiting.append(rows)
        self._num_waiting += len(rows)
        if self._folder is not None and self._num_waiting >= self._buffer:
            with self._disk():
                self._spill(Path(self._folder.name))

    def each(self) -> Iterator[Rows]:
        """The rows of each bucket that has some, once. Rows with the same first column are in the same one.

        The arrays are not used again here: they may be sorted in place.

        Raises:
            GlaneError: of the kind `error`, if the temporary files cannot be written or read.
        """
        if self._folder is None:
            if self._waiting:
                rows = np.concatenate(self._waiting)
                self._waiting = []
                yield rows
            return
        with self._disk():
            self._spill(Path(self._folder.name))
            paths = sorted(Path(self._folder.name).iterdir())
        for path in paths:
            yield self._read(path)

    @contextlib.contextmanager
    def _disk(self) -> Iterator[None]:
        """Say how much room is needed where the temporary files cannot be written or read."""
        try:
            yield
        except OSError as error:
            gib = 8 * self._num_columns * self._num_expected / 2**30
            raise self._error(
                f"{self.folder}: {error.strerror or 'cannot be written'}. {self._what} takes {gib:.1f} GiB of "
                "temporary disk: set TMPDIR to a place with room."
            ) from None

    def _read(self, path: Path) -> Rows:
        with self._disk():
            return np.fromfile(path, np.uint64).reshape(-1, self._num_columns)

    def _spill(self, folder: Path) -> None:
        if not self._waiting:
            return
        rows = np.concatenate(self._waiting)
        self._waiting, self._num_waiting = [], 0
        # Small integers: NumPy sorts those by counting, ten times as fast.
        buckets = (((rows[:, 0] >> np.uint64(32)) * np.uint64(self._num_buckets)) >> np.uint64(32)).astype(np.uint16)
        rows = rows[np.argsort(buckets, kind="stable")]
        bounds = np.concatenate([[0], np.cumsum(np.bincount(buckets, minlength=self._num_buckets))])
        for bucket in np.flatnonzero(np.diff(bounds)):
            with open(folder / str(bucket), "ab") as stream:
                rows[bounds[bucket] : bounds[bucket + 1]].tofile(stream)
