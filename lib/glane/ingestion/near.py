"""Near duplicates among all documents, by MinHash and locality-sensitive hashing, in bounded memory.

Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, chapter 3. With 25 bands of 5 hashes, two texts whose
sequences of words are alike by 0.8 are compared with a probability of 0.9999, by 0.7 of 0.99. Whether they are alike is
then estimated from all 125 hashes, with a standard error of 0.04 at most.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt

from glane.corpus.buckets import Buckets
from glane.errors import RunError
from glane.ingestion.describe import NUM_HASHES

_BANDS, _HASHES = 25, 5
assert _BANDS * _HASHES == NUM_HASHES
_IN_MEMORY, _BUCKET, _BUFFER = 8_000_000, 4_000_000, 2**20  # rows of 16 bytes
_AT_ONCE = 16_384  # pairs that are compared
Numbers = npt.NDArray[np.int64]
Signatures = npt.NDArray[np.uint32]


class Near:
    """Signatures of documents, added in their order. In TMPDIR a document takes up to 1 kB: 9 GiB for ten million."""

    def __init__(self, num_expected: int, folder: Path) -> None:
        self._folder, self._num_expected = folder, num_expected
        self._numbers: list[Numbers] = []
        self._num_added = 0
        self._buckets = Buckets(
            num_expected * _BANDS,
            num_columns=2,
            in_memory=_IN_MEMORY,
            bucket=_BUCKET,
            buffer=_BUFFER,
            prefix="glane-near-",
            what=f"Comparing {num_expected} documents",
            error=RunError,
        )

    @property
    def _path(self) -> Path:
        return self._folder / "signatures"

    def add(self, numbers: Numbers, signatures: Signatures) -> None:
        """Add the signatures of documents with these numbers, which grow from call to call.

        Raises:
            RunError: if temporary files cannot be written.
        """
        rows = np.arange(self._num_added, self._num_added + len(numbers), dtype=np.uint64)
        self._num_added += len(numbers)
        self._numbers.append(numbers)
        with self._disk(), open(self._path, "ab") as stream:
            signatures.tofile(stream)
        for band in range(_BANDS):
            hashes = _hashed(signatures[:, band * _HASHES : (band + 1) * _HASHES], band)
            self._buckets.add(np.column_stack([hashes, rows]))

    def first_alike(self, threshold: float) -> tuple[Numbers, Numbers]:
        """Of the documents that an earlier one is nearly the same as: (its number, that of the first such).

        Of documents with a hash in common, each is compared with the first of them and the one before it.

        Raises:
            RunError: if temporary files cannot be written or read.
        """
        if not self._num_added:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        nearest = np.full(self._num_added, -1, np.int64)
        with self._disk():
            signatures = np.memmap(self._path, np.uint32, "r", shape=(self._num_added, NUM_HASHES))
        for entries in self._buckets.each():
            for later, earlier in _pairs(entries):
                alike = (signatures[later] == signatures[earlier]).mean(axis=1) >= threshold
                later, earlier = later[alike], earlier[alike]
                known = nearest[later]
                # Of several pairs of one document in this batch, the smallest counts: written last.
                order = np.argsort(-earlier, kind="stable")
                better = np.where(known[order] < 0, earlier[order], np.minimum(known[order], earlier[order]))
                nearest[later[order]] = better
        found = np.flatnonzero(nearest >= 0)
        numbers = np.concatenate(self._numbers)
        return numbers[found], numbers[nearest[found]]

    @contextmanager
    def _disk(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            gib = 4 * NUM_HASHES * self._num_expected / 2**30
            raise RunError(
                f"{self._folder}: {error.strerror or 'cannot be written'}. Comparing {self._num_expected} documents "
                f"takes {gib:.1f} GiB of temporary disk for signatures: set TMPDIR to a place with room, or "
                "near_duplicates=null."
            ) from None


@contextmanager
def near(num_expected: int) -> Iterator[Near]:
    """What finds near duplicates among so many documents, with its temporary files while the block lasts."""
    with tempfile.TemporaryDirectory(prefix="glane-signatures-") as folder:
        found = Near(num_expected, Path(folder))
        with found._buckets:
            yield found


def _hashed(band: Signatures, number: int) -> npt.NDArray[np.uint64]:
    """One hash of the five of a band: those of two bands are different also where the five are the same."""
    hashes = np.full(len(band), np.uint64(number + 1))
    with np.errstate(over="ignore"):
        for column in band.T:
            hashes = (hashes ^ column.astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
            hashes ^= hashes >> np.uint64(29)
    return hashes


def _pairs(entries: npt.NDArray[np.uint64]) -> Iterator[tuple[Numbers, Numbers]]:
    """Of rows (hash, document): pairs of documents with the same hash, later and earlier, some at a time."""
    entries = entries[np.argsort(entries[:, 0], kind="stable")]  # of one hash, in the order of the documents
    is_first = np.ones(len(entries), np.bool_)
    is_first[1:] = entries[1:, 0] != entries[:-1, 0]
    starts = np.flatnonzero(is_first)
    firsts = np.repeat(starts, np.diff([*starts, len(entries)]))
    rows = entries[:, 1].astype(np.int64)
    repeated = np.flatnonzero(~is_first)
    for start in range(0, len(repeated), _AT_ONCE):
        some = repeated[start : start + _AT_ONCE]
        yield rows[some], rows[firsts[some]]
        yield rows[some], rows[some - 1]
