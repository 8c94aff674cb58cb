"""Which rows of a run repeat an earlier one: a fact of its input, whoever worked on them, and in which order.

A work may give its parts the column `duplicate` with a digest of what is asked about each row; null where nothing is.
When the result is published, it says instead whether an earlier row, in input order, has the same digest.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from glane.corpus.buckets import Buckets
from glane.errors import RunError

DUPLICATE = "duplicate"
DIGEST = pa.binary(16)  # its type in a part
_IN_MEMORY = 2_000_000  # digests: 48 MB with their rows, and four times as much to sort them; more are split over files
_BUCKET = 2_000_000  # digests per temporary file, because a file is sorted in memory
_BUFFER = 2**20  # digests that are collected before the files are opened
Entries = npt.NDArray[np.uint64]  # rows of three: the two halves of a digest, and the number of its row


def content_digest(pieces: Iterable[bytes], *, key: str) -> bytes:
    """The digest of what is asked about a row, keyed with the run so that it says nothing outside of it."""
    digest = blake2b(digest_size=16, key=key.encode()[:64])
    for piece in pieces:
        digest.update(piece)
    return digest.digest()


class RowDigests:
    """The digests of all rows, in input order: in memory if they are few, else in temporary files, by their high bits.

    On disk, in TMPDIR, a row takes 24 bytes: 2.4 GB for a hundred million. The result takes a byte for each row.
    """

    def __init__(self, num_rows: int) -> None:
        self._num_added = 0
        self._buckets = Buckets(
            num_rows,
            num_columns=3,
            in_memory=_IN_MEMORY,
            bucket=_BUCKET,
            buffer=_BUFFER,
            prefix="glane-repeats-",
            what=f"Finding which of {num_rows} texts repeat",
            error=RunError,
        )

    def __enter__(self) -> RowDigests:
        self._buckets.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._buckets.__exit__()

    def add(self, digests: pa.Array | pa.ChunkedArray) -> None:
        """Add the next rows.

        Raises:
            RunError: if the temporary files cannot be written.
        """
        rows = np.arange(self._num_added, self._num_added + len(digests), dtype=np.uint64)
        self._num_added += len(digests)
        is_there = digests.is_valid().to_numpy(zero_copy_only=False)
        self._buckets.add(np.column_stack([_halves(digests.drop_null()).astype(np.uint64), rows[is_there]]))

    def repeated(self) -> npt.NDArray[np.bool_]:
        """Of each row that was added, whether an earlier one has the same digest.

        Raises:
            RunError: if the temporary files cannot be written.
        """
        found = np.zeros(self._num_added, np.bool_)
        for entries in self._buckets.each():
            found[_repeated(entries)] = True
        return found


def _halves(digests: pa.Array | pa.ChunkedArray) -> npt.NDArray[np.uint64]:
    """The two halves of each digest, as they lie in memory."""
    chunks = digests.chunks if isinstance(digests, pa.ChunkedArray) else [digests]
    found = [
        np.frombuffer(one.buffers()[1], ">u8").reshape(-1, 2)[one.offset : one.offset + len(one)]
        for one in chunks
        if len(one)
    ]
    return np.concatenate(found) if found else np.zeros((0, 2), np.uint64)


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
