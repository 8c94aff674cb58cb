"""Rows drawn at random, or the first few, out of masks of row groups: in order, a row group at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from glane.corpus.masks import Packed, num_asked, unpacked

_BIN_BITS = 12  # of a key: few enough to count per row group, many enough that one bin is small


def sample_rows(masks: list[Packed | None], sizes: Sequence[int], *, sample: int | float, seed: int) -> None:
    """Narrow `masks` (packed bits; None is all rows) of row groups of `sizes` rows to a simple random sample.

    `sample` is a number of rows, or as a float a share of those that the masks hold. Every row draws a key, and the
    smallest keys are taken, so that all samples of that size are equally likely. Keys are drawn again for each of three
    passes instead of being kept; they are the raw output of PCG64, which NumPy promises never to change (NEP 19).
    """
    counts = [num_asked(mask, rows) for mask, rows in zip(masks, sizes, strict=True)]
    total = sum(counts)
    size = round(total * sample) if isinstance(sample, float) else min(sample, total)
    if size == total:
        return
    largest = _nth_smallest(counts, size, seed) if size else np.uint64(0)
    for index, keys in enumerate(_keys(counts, seed)):
        _narrow(masks, index, sizes[index], keys <= largest if size else np.zeros(len(keys), np.bool_))
    limit_rows(masks, sizes, limit=size)  # of equal keys, which nobody will ever see, the first is taken


def limit_rows(masks: list[Packed | None], sizes: Sequence[int], *, limit: int) -> None:
    """Narrow `masks` to their first `limit` rows."""
    for index, rows in enumerate(sizes):
        count = num_asked(masks[index], rows)
        if count > limit:
            _narrow(masks, index, rows, np.arange(count) < limit)
        limit = max(0, limit - count)


def _narrow(masks: list[Packed | None], index: int, rows: int, kept: npt.NDArray[np.bool_]) -> None:
    """Keep of the rows that a mask holds those that `kept` says."""
    packed = masks[index]
    if packed is None:
        masks[index] = np.packbits(kept)
        return
    mask = unpacked(packed, rows)
    mask[mask] = kept
    masks[index] = np.packbits(mask)


def _keys(counts: Sequence[int], seed: int) -> Iterator[npt.NDArray[np.uint64]]:
    generator = np.random.PCG64(seed)
    for count in counts:
        yield generator.random_raw(count)


def _nth_smallest(counts: Sequence[int], n: int, seed: int) -> np.uint64:
    """The n-th smallest key (from 1): first which of many bins holds it, then which key of that bin it is."""
    shift = np.uint64(64 - _BIN_BITS)
    histogram = np.zeros(2**_BIN_BITS, np.int64)
    for keys in _keys(counts, seed):
        histogram += np.bincount((keys >> shift).astype(np.int64), minlength=2**_BIN_BITS)
    upto = np.cumsum(histogram)
    where = int(np.searchsorted(upto, n))
    inside = np.concatenate([keys[(keys >> shift) == np.uint64(where)] for keys in _keys(counts, seed)])
    return np.uint64(np.sort(inside)[n - 1 - (int(upto[where - 1]) if where else 0)])
