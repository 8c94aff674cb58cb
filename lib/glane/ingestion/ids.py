"""The ids of documents: of the content, and of several with the same content also of their order."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from glane.corpus.buckets import Buckets
from glane.errors import RunError

Keys = npt.NDArray[np.uint64]  # two columns: the first eight bytes of a key, and the other four
_IN_MEMORY, _BUCKET, _BUFFER = 8_000_000, 4_000_000, 2**20  # rows of 24 bytes


def as_keys(content: bytes) -> Keys:
    """The keys of twelve bytes each that follow one another in `content`."""
    parts = np.frombuffer(content, dtype=np.dtype([("high", ">u8"), ("low", ">u4")]))
    return np.column_stack([parts["high"].astype(np.uint64), parts["low"].astype(np.uint64)])


def occurrences(keys: Keys) -> npt.NDArray[np.uint32]:
    """Of each document, how many before it have the same key. Memory is bounded; see `Buckets`.

    Raises:
        RunError: if temporary files cannot be written.
    """
    found = np.zeros(len(keys), np.uint32)
    with Buckets(
        len(keys),
        num_columns=3,
        in_memory=_IN_MEMORY,
        bucket=_BUCKET,
        buffer=_BUFFER,
        prefix="glane-ids-",
        what=f"Finding which of {len(keys)} documents have the same content",
        error=RunError,
    ) as buckets:
        for start in range(0, len(keys), _BUFFER):
            some = keys[start : start + _BUFFER]
            numbers = np.arange(start, start + len(some), dtype=np.uint64)
            buckets.add(np.column_stack([some, numbers]))
        for entries in buckets.each():
            order = np.lexsort((entries[:, 1], entries[:, 0]))  # stable: of one key, in the order of the documents
            entries = entries[order]
            is_first = np.ones(len(entries), np.bool_)
            is_first[1:] = (entries[1:, :2] != entries[:-1, :2]).any(axis=1)
            starts = np.flatnonzero(is_first)
            found[entries[:, 2].astype(np.int64)] = np.arange(len(entries)) - np.repeat(
                starts, np.diff([*starts, len(entries)])
            )
    return found


def first_id(key: npt.NDArray[np.uint64]) -> str:
    """The id of the first document with a key."""
    return f"{int(key[0]):016x}{int(key[1]):08x}"


def id_of(key: npt.NDArray[np.uint64], occurrence: int) -> str:
    """The id of a document: `occurrence` others with its key come before it."""
    return first_id(key) if occurrence == 0 else f"{first_id(key)}-{occurrence + 1}"
