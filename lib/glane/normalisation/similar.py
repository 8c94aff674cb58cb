"""Finds the similar ones among many keys, without comparing with each.

Similarity is RapidFuzz's ratio: 100 (1 - D / (n + m)), where D is the number of letters to insert or delete. Keys are
indexed by their groups of three letters. A letter that differs changes at most three groups of the wanted key. So if D
letters may differ, a similar key has at least k of the 3 D + k rarest groups of the wanted key (prefix filtering:
Chaudhuri, Ganti and Kaushik 2006). Only keys that have are compared.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

_GROUP = 3  # letters
_BUCKETS = 1 << 16  # of groups, by hash: two groups in one bucket cost a comparison, never a match
_MORE = 8  # groups that a similar key has at least, if the wanted one has enough
_SLACK = 1e-9  # of sums that are whole
_BLOCK = 200_000  # keys that are indexed at once, to bound the memory


class Similar:
    """An index of different keys, in the order of their lengths."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Index `keys`, which are sorted by length."""
        self._keys = keys
        self._lengths = np.fromiter(map(len, keys), np.int32, len(keys))
        groups = [_groups_of(keys[start : start + _BLOCK]) for start in range(0, len(keys), _BLOCK)]
        hashes = np.concatenate([one for one, _ in groups]) if groups else np.empty(0, np.uint16)
        owners = [own + start * _BLOCK for start, (_, own) in enumerate(groups)]
        order = np.argsort(hashes, kind="stable")  # keys stay in order within a bucket
        self._postings = (np.concatenate(owners) if owners else np.empty(0, np.int32))[order]
        self._ends = np.concatenate([[0], np.cumsum(np.bincount(hashes, minlength=_BUCKETS))])

    def near(self, key: str, least: float) -> list[tuple[int, float]]:
        """The places of keys with a similarity of at least `least` (0 to 100) to `key`, the best first."""
        differ = 1 - least / 100
        shortest = math.ceil(len(key) * (1 - differ) / (1 + differ) - _SLACK)
        longest = math.floor(len(key) * (1 + differ) / (1 - differ) + _SLACK)
        first, last = np.searchsorted(self._lengths, [shortest, longest + 1])
        places = self._candidates(key, int(first), int(last), math.floor(differ * (len(key) + longest) + _SLACK))
        keys = list(map(self._keys.__getitem__, places))
        near = process.extract(key, keys, scorer=fuzz.ratio, score_cutoff=least, limit=None)
        return sorted(((places[at], score) for _, score, at in near), key=lambda one: (-one[1], one[0]))

    def _candidates(self, key: str, first: int, last: int, num_differing: int) -> list[int]:
        """The places from `first` up to `last` of keys that share enough groups with `key`."""
        if first >= last:
            return []
        buckets = _groups_of([key])[0]
        lengths = self._ends[buckets.astype(np.int64) + 1] - self._ends[buckets]
        rarest = buckets[np.argsort(lengths, kind="stable")][: _GROUP * num_differing + _MORE]
        least = max(1, len(rarest) - _GROUP * num_differing)
        shared = np.zeros(last - first, np.uint16)
        for bucket in rarest:
            owners = self._postings[self._ends[bucket] : self._ends[int(bucket) + 1]]
            inside = owners[np.searchsorted(owners, first) : np.searchsorted(owners, last)]
            shared[inside - first] += 1
        found: list[int] = (np.flatnonzero(shared >= least) + first).tolist()
        return found


def _groups_of(keys: Sequence[str]) -> tuple[NDArray[np.uint16], NDArray[np.int32]]:
    """The bucket of each group of three letters of each key, with a space around it, and the place of its key."""
    lengths = np.fromiter(map(len, keys), np.int64, len(keys)) + 2
    codes = np.frombuffer("".join(f" {key} " for key in keys).encode("utf-32-le", "surrogatepass"), np.uint32)
    mixed = (
        (codes[:-2] * np.uint32(0x9E3779B1))
        ^ (codes[1:-1] * np.uint32(0x85EBCA6B))
        ^ (codes[2:] * np.uint32(0xC2B2AE35))
    )
    mixed ^= mixed >> np.uint32(15)
    owners = np.repeat(np.arange(len(keys), dtype=np.int32), lengths)[:-2]
    starts = np.ones(len(codes), dtype=bool)
    ends = np.cumsum(lengths)
    starts[ends - 1] = starts[ends - 2] = False  # a group that begins there would reach into the next key
    is_whole = starts[:-2]
    return (mixed & np.uint32(_BUCKETS - 1)).astype(np.uint16)[is_whole], owners[is_whole]
