"""Krippendorff's alpha: how far any number of readers agree, of whom not each has read every document.

Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011): alpha = 1 - Do / De. Do is how often two readings of
one document differ, each document counted by its readings; De is how often two readings differ at all, whichever
document they are of. Which readings differ is told for each pair of categories: the rule need not be transitive.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from glane.assess.bootstrap import LEVEL, Array
from glane.assess.clusters import sums_by_cluster

_SAMPLES = 1000


def alpha(counts: Array, differ: Array) -> float | None:
    """Krippendorff's alpha; None if no two readings of different documents differ, or none is paired.

    Args:
        counts: How many readers gave each category to each document, (documents, categories). A document with fewer
            than two readings says nothing of agreement, and is left out.
        differ: 1 where two categories are not the same, else 0; (categories, categories), symmetric, 0 on its diagonal.
    """
    found = float(_alphas(_sums(counts, differ).sum(axis=0, keepdims=True), differ)[0])
    return found if np.isfinite(found) else None


def alpha_ci(counts: Array, differ: Array, clusters: NDArray[np.int64] | None = None) -> tuple[float, float] | None:
    """The 95 % percentile interval of `alpha` over resamples of documents, or of clusters of them.

    Resampling documents keeps the level where asymptotic intervals do not (Zapf, Castell, Morawietz and Karch, BMC Med.
    Res. Methodol. 2016). None with fewer than two documents, or where most resamples do not define alpha.
    """
    is_paired = counts.sum(axis=1) > 1
    sums = _sums(counts, differ)
    if clusters is not None and is_paired.any():
        sums = sums_by_cluster(sums, np.unique(clusters[is_paired], return_inverse=True)[1])
    if len(sums) < 2:
        return None
    rng = np.random.default_rng(0)
    weights = rng.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), _SAMPLES).astype(np.float64)
    found = _alphas(weights @ sums, differ)
    found = found[np.isfinite(found)]
    if len(found) < _SAMPLES / 2:
        return None
    low, high = np.quantile(found, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _sums(counts: Array, differ: Array) -> Array:
    """What each paired document adds: its observed disagreement, then its readings by category."""
    paired = counts[counts.sum(axis=1) > 1]
    observed = ((paired @ differ) * paired).sum(axis=1) / (paired.sum(axis=1) - 1)
    return np.concatenate([observed[:, None], paired], axis=1)


def _alphas(sums: Array, differ: Array) -> Array:
    """Alpha of each row of sums; NaN where it is not defined."""
    observed, totals = sums[:, 0], sums[:, 1:]
    num = totals.sum(axis=1)
    pairs = ((totals @ differ) * totals).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Array = np.where(pairs > 0, 1 - (observed / num) / (pairs / (num * (num - 1))), np.nan)
    return found
