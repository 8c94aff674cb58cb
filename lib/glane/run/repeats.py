"""Which rows of a run repeat an earlier one: a fact of its input, whoever worked on them, and in which order.

A work may give its parts the column `duplicate` with a digest of what is asked about each row; null where nothing is.
When the result is published, it says instead whether an earlier row, in input order, has the same digest.
"""

from __future__ import annotations

import tempfile
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from glane.errors import RunError

DUPLICATE = "duplicate"
DIGEST = pa.binary(16)  # its type in a part
_IN_MEMORY = 8_000_000  # digests: 192 MB with their rows; more than this are split over temporary files
_BUCKET = 4_000_000  # digests per file, because a file is sorted in memory
_BUFFER = 2**20  # digests that are collected before the files are opened
Entries = npt.NDArray[np.uint64]  # one row each: the two halves of a digest, and the number of its row


def content_digest(content: bytes, *, key: str) -> bytes:
    """The digest of what is asked about a row, keyed with the run so that it says nothing outside of it."""
    return blake2b(content, digest_size=16, key=key.encode()[:64]).digest()


class RowDigests:
    """The digests of all rows, in input order: in memory if they are few, else in temporary files, by their high bits.

    On disk, in TMPDIR, a row takes 24 bytes: 2.4 GB for a hundred million. The result takes a byte for each row.
    """

    def __init__(self, num_rows: int) -> None:
        self._num_rows, self._num_added = num_rows, 0
        self._num_buckets = 1 if num_rows <= _IN_MEMORY else -(-num_rows // _BUCKET)
        self._waiting: list[Entries] = []
        self._num_waiting = 0
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def __enter__(self) -> RowDigests:
        if self._num_buckets > 1:
            self._folder = tempfile.TemporaryDirectory(prefix="glane-repeats-")
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            self._folder.cleanup()

    def add(self, digests: pa.Array | pa.ChunkedArray) -> None:
        """Add the next rows.

        Raises:
            RunError: if the temporary files cannot be written.
        """
        rows = np.arange(self._num_added, self._num_added + len(digests), dtype=np.uint64)
        self._num_added += len(digests)
        is_there = digests.is_valid().to_numpy(zero_copy_only=False)
        chunks = digests.chunks if isinstance(digests, pa.ChunkedArray) else [digests]
        halves = np.concatenate([np.zeros((0, 2), ">u8"), *map(_halves, chunks)])
        self._waiting.append(np.column_stack([halves.astype(np.uint64), rows[is_there]]))
        self._num_waiting += len(halves)
        if self._folder is not None and self._num_waiting >= _BUFFER:
            self._spill(Path(self._folder.name))

    def repeated(self) -> npt.NDArray[np.bool_]:
        """Of each row that was added, whether an earlier one has the same digest."""
        found = np.zeros(self._num_added, np.bool_)
        if self._folder is None:
            if self._waiting:
                found[_repeated(np.concatenate(self._waiting))] = True
            return found
        self._spill(Path(self._folder.name))
        for path in sorted(Path(self._folder.name).iterdir()):
            found[_repeated(np.fromfile(path, np.uint64).reshape(-1, 3))] = True
        return found

    def _spill(self, folder: Path) -> None:
        if not self._waiting:
            return
        entries = np.concatenate(self._waiting)
        self._waiting, self._num_waiting = [], 0
        buckets = (((entries[:, 0] >> np.uint64(32)) * np.uint64(self._num_buckets)) >> np.uint64(32)).astype(np.uint16)
        entries = entries[np.argsort(buckets, kind="stable")]
        bounds = np.concatenate([[0], np.cumsum(np.bincount(buckets, minlength=self._num_buckets))])
        try:
            for bucket in np.flatnonzero(np.diff(bounds)):
                with open(folder / str(bucket), "ab") as stream:
                    entries[bounds[bucket] : bounds[bucket + 1]].tofile(stream)
        except OSError as error:
            raise RunError(
                f"{folder}: {error.strerror or 'cannot be written'}. Finding which of {self._num_rows} texts repeat "
                f"takes {24 * self._num_rows / 2**30:.1f} GiB of temporary disk: set TMPDIR to a place with room."
            ) from None


def _halves(digests: pa.Array) -> npt.NDArray[np.uint64]:
    """The two halves of each digest that is there, as numbers, read where they lie."""
    there = digests.drop_null()
    if not len(there):
        return np.zeros((0, 2), ">u8")
    found = np.frombuffer(there.buffers()[1], dtype=">u8").reshape(-1, 2)
    return found[there.offset : there.offset + len(there)]


def _repeated(entries: Entries) -> npt.NDArray[np.int64]:
    """The rows whose digest an earlier row has. Entries of one digest are in the order of their rows, and stay so."""
    order = np.lexsort((entries[:, 1], entries[:, 0]))
    entries = entries[order]
    is_same = (entries[1:, :2] == entries[:-1, :2]).all(axis=1)
    return entries[1:, 2][is_same].astype(np.int64)


def with_repeats(table: pa.Table, repeated: npt.NDArray[np.bool_]) -> pa.Table:
    """A part with whether each of its rows repeats an earlier one in the place of their digests."""
    index = table.schema.get_field_index(DUPLICATE)
    return table.set_column(index, pa.field(DUPLICATE, pa.bool_()), pa.array(repeated))
