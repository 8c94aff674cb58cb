"""Confidence intervals by resampling documents, for statistics that are functions of sums over documents.

Values of one document depend on each other, so the document is what is drawn, not the value. Since F1 and its like
depend on the data only through sums, a resample is a row of weights and all statistics of all resamples are one
product of matrices.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Array = NDArray[np.float64]
Method = Literal["bca", "percentile"]
Statistic = Callable[[Array], Array]  # sums of shape (…, K) to statistics of shape (…, S)

LEVEL = 0.95
_CELLS = 4_000_000  # of the matrix of weights that is held at once


def resampled(
    units: Array, statistic: Statistic, *, samples: int, rng: np.random.Generator,
    strata: NDArray[np.int64] | None = None,
) -> Array:  # fmt: skip
    """Return the statistics of `samples` resamples of the rows of `units` with replacement, within strata if any.

    Args:
        units: What each document adds to the sums, shape (documents, K).
        statistic: From sums to statistics.
        samples: How many resamples.
        rng: The source of chance.
        strata: Of the rows, as numbers; None or all 0 for one.

    Returns:
        Shape (samples, S).
    """
    num_units = len(units)
    size = max(1, _CELLS // max(1, num_units))
    found = []
    for start in range(0, samples, size):
        rows = min(size, samples - start)
        drawn = _drawn(rng, rows, num_units, strata)
        drawn += np.arange(rows)[:, None] * num_units
        weights = np.bincount(drawn.ravel(), minlength=rows * num_units).reshape(rows, num_units)
        found.append(statistic(weights.astype(np.float64) @ units))
    return np.concatenate(found)


def _drawn(rng: np.random.Generator, rows: int, num_units: int, strata: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """The units of each resample, (rows, num_units)."""
    if strata is None or not strata.any():
        return rng.integers(0, num_units, size=(rows, num_units))
    found = np.empty((rows, num_units), dtype=np.int64)
    for one in np.unique(strata):
        members = np.flatnonzero(strata == one)
        found[:, members] = members[rng.integers(0, len(members), size=(rows, len(members)))]
    return found


def intervals(
    units: Array, statistic: Statistic, *, samples: int, rng: np.random.Generator, method: Method = "bca",
    strata: NDArray[np.int64] | None = None,
) -> Array:  # fmt: skip
    """Return 95 % confidence intervals of statistics of sums, shape (S, 2).

    `bca` is the bias-corrected and accelerated interval (Efron 1987, J Am Stat Assoc 82:171), its acceleration from
    the jackknife; `percentile` takes the quantiles as they are. Where every resample gives the same value, resampling
    says nothing about the uncertainty and both ends are NaN.
    """
    if len(units) < 2 or samples < 1:
        width = statistic(units.sum(axis=0, keepdims=True)).shape[-1]
        return np.full((width, 2), np.nan)
    boots = resampled(units, statistic, samples=samples, rng=rng, strata=strata)
    ends = np.array([(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    found = np.full((boots.shape[1], 2), np.nan)
    levels = _bca_levels(units, statistic, boots, ends) if method == "bca" else np.tile(ends, (boots.shape[1], 1))
    for column, level in enumerate(levels):
        values = boots[:, column]
        values = values[np.isfinite(values)]
        if len(values) and np.ptp(values) > 0:
            found[column] = np.quantile(values, level if np.isfinite(level).all() else ends)
    return found


def _bca_levels(units: Array, statistic: Statistic, boots: Array, ends: Array) -> Array:
    """The quantiles that BCa takes, shape (S, 2); NaN where they are not defined."""
    total = units.sum(axis=0, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        whole = statistic(total)
        is_finite = np.isfinite(boots)
        below = ((boots < whole) & is_finite).sum(axis=0) + 0.5 * ((boots == whole) & is_finite).sum(axis=0)
        bias = ndtri(below / is_finite.sum(axis=0))
        acceleration = _acceleration(units, statistic)
        shifted = bias[:, None] + ndtri(ends)[None, :]
        levels: Array = ndtr(bias[:, None] + shifted / (1 - acceleration[:, None] * shifted))
    return levels


def _acceleration(units: Array, statistic: Statistic) -> Array:
    """The skewness of the jackknife's influences, over six; in blocks, since there are as many as documents."""
    total = units.sum(axis=0, keepdims=True)
    whole = statistic(total)
    size = max(1, _CELLS // whole.shape[1])
    blocks = [slice(start, start + size) for start in range(0, len(units), size)]

    def influences(block: slice) -> Array:  # where a statistic is not defined without a document, it has none
        return whole - statistic(total - units[block])

    num_known = sum(np.isfinite(influences(block)).sum(axis=0) for block in blocks)
    mean = sum(np.nansum(influences(block), axis=0) for block in blocks) / num_known
    moments = np.zeros((2, whole.shape[1]))
    for block in blocks:
        centred = np.nan_to_num(influences(block) - mean, nan=0.0)
        moments += [(centred**2).sum(axis=0), (centred**3).sum(axis=0)]
    found: Array = moments[1] / (6 * moments[0] ** 1.5)
    return found
