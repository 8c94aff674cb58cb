"""A random sample of rows, or the first rows, as masks of row groups. Works on one row group at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from glane.corpus.masks import Packed, num_asked, unpacked

_BIN_BITS = 12  # of a key: few enough to count per row group, many enough that one bin is small


def sample_rows(masks: list[Packed | None], sizes: Sequence[int], *, sample: int | float, seed: int) -> None:
    """Narrow `masks` (packed bits; None is all rows) of row groups of `sizes` rows to a simple random sample, in place.

    `sample` is a number of rows if it is an integer, and a share of the rows in the masks if it is a float. Each row
    draws a random key, and the rows with the smallest keys are taken, so that all samples of a size are equally likely.
    To save memory the keys are drawn again in each of three passes. They are the raw output of PCG64, which NumPy
    promises never to change (NEP 19).
    """
    counts = [num_asked(mask, rows) for mask, rows in zip(masks, sizes, strict=True)]
    total = sum(counts)
    size = round(total * sample) if isinstance(sample, float) else min(sample, total)
    if size == total:
        return
    largest = _nth_smallest(counts, size, seed) if size else np.uint64(0)
    for index, keys in enumerate(_keys(counts, seed)):
        narrow(masks, index, sizes[index], keys <= largest if size else np.zeros(len(keys), np.bool_))
    limit_rows(masks, sizes, limit=size)  # in the very unlikely case that two keys are equal, take the first


def limit_rows(masks: list[Packed | None], sizes: Sequence[int], *, limit: int) -> None:
    """Narrow `masks` to their first `limit` rows, in place."""
    for index, rows in enumerate(sizes):
        count = num_asked(masks[index], rows)
        if count > limit:
            narrow(masks, index, rows, np.arange(count) < limit)
        limit = max(0, limit - count)


def narrow(masks: list[Packed | None], index: int, rows: int, kept: npt.NDArray[np.bool_]) -> None:
    """Narrow a mask to some of its rows: `kept` has a boolean for each row that the mask holds."""
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
    """The n-th smallest key, counted from 1. Finds the bin that holds it first, then the key within the bin."""
    shift = np.uint64(64 - _BIN_BITS)
    histogram = np.zeros(2**_BIN_BITS, np.int64)
    for keys in _keys(counts, seed):
        histogram += np.bincount((keys >> shift).astype(np.int64), minlength=2**_BIN_BITS)
    upto = np.cumsum(histogram)
    where = int(np.searchsorted(upto, n))
    inside = np.concatenate([keys[(keys >> shift) == np.uint64(where)] for keys in _keys(counts, seed)])
    return np.uint64(np.sort(inside)[n - 1 - (int(upto[where - 1]) if where else 0)])
