"""Counts of cells fitted to the counts of their margins.

Few documents fall into one week of one department, and a count corrected from them alone would lean on which of them
the model happened to take for cases. So each margin is corrected by itself, where there is enough, and cells are fitted
to all margins at once (iterative proportional fitting: Deming and Stephan, Ann. Math. Stat. 1940).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from glane.assess.estimate.scaled import filled

Floats = NDArray[np.float64]
_ROUNDS = 60
_CLOSE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The counts of one margin that cells must sum to."""

    groups: NDArray[np.int64]  # (cells,): the group of each cell
    counts: Floats  # (draws, groups)


def raked(seed: Floats, targets: Sequence[Target], most: Floats) -> Floats:
    """Fit cells to margins.

    Args:
        seed: Counts of cells before, (draws, cells), none below 0. Where a group has counts in no cell, it is spread by
            `most`.
        targets: Of the margins; all of one draw have the same sum.
        most: What each cell has at most, (cells,).

    Returns:
        The counts of cells, (draws, cells). Their sums are the targets to six digits, unless `most` is in the way: of
        small cells, no counts may agree with all margins. The sum over all cells is that of the targets even so.
    """
    found = seed + 1e-9 * most
    sums = [_summing(target) for target in targets]
    for _ in range(_ROUNDS):
        is_close = True
        for target, summing in zip(targets, sums, strict=True):
            now = found @ summing
            factor = np.divide(target.counts, now, out=np.zeros_like(now), where=now > 0)
            is_close &= bool((np.abs(now - target.counts) <= _CLOSE * (1 + target.counts)).all())
            found = np.minimum(found * factor[:, target.groups], most)
        if is_close:
            return found
    return filled(found, most, targets[0].counts.sum(axis=1))


def _summing(target: Target) -> csr_array:
    """The matrix (cells, groups) that sums cells."""
    num = len(target.groups)
    return csr_array((np.ones(num), (np.arange(num), target.groups)), shape=(num, target.counts.shape[1]))
