"""The strata of a reviewed sample, and the share of yes over them.

A pooled variance is no use where strata are drawn with unequal probabilities: the stratum that was hardly looked at has
shown no yes, its variance is estimated as 0, and the interval is far too short. So each stratum keeps its own interval,
and these are put together (method of variance estimates recovery: Zou, Huang and Zhang, Comput. Stat. Data Anal. 2009).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.proportion import Floats, Share, jeffreys, share

_DRAWS = 4000
MOST_UNEQUAL = 1.25  # weights within this ratio are of one stratum: rounding, or strata drawn in proportion
Strata = NDArray[np.int64]


def strata_of(names: pl.Series | None, weights: Floats) -> Strata:
    """The stratum of each reviewed document, as a number from 0.

    Strata that were drawn with nearly the same probability are one here: to part them would change little. Where no
    strata are named, or weights differ within one, the sample was not drawn by strata, and all are of one.

    Args:
        names: of the strata, as a review writes them.
        weights: inverse inclusion probabilities.
    """
    alone = np.zeros(len(weights), dtype=np.int64)
    if names is None or not len(weights):
        return alone
    of_stratum = pl.DataFrame({"name": names.cast(pl.String), "weight": weights}).group_by("name").agg(
        pl.col("weight").min().alias("least"), pl.col("weight").max().alias("most")
    ).sort("least", "name")  # fmt: skip
    if (of_stratum["most"] > MOST_UNEQUAL * of_stratum["least"]).any():
        return alone
    places, first = {}, of_stratum["least"][0]
    number = 0
    for name, least in of_stratum.select("name", "least").iter_rows():
        if least > MOST_UNEQUAL * first:
            number, first = number + 1, least
        places[name] = number
    return np.array([places[name] for name in names.cast(pl.String)], dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratified:
    """A share over strata, and the squared distances of its limits."""

    value: float
    below: float
    above: float
    variance: float  # of the same, binomial within strata: what `below` and `above` stand for in large samples


def stratified_share(
    yes: Floats, weights: Floats, strata: Strata, *, level: float, num_run: int | None = None
) -> Stratified:
    """The share of yes over strata, each with the interval of Jeffreys at its own size.

    Args:
        yes: 0 or 1, of at least one reviewed document.
        weights: theirs.
        strata: theirs, from `strata_of`.
        level: of the interval.
        num_run: documents that these stand for, if the share is of these alone.
    """
    value = below = above = variance = 0.0
    for one in np.unique(strata):
        inside = strata == one
        part = float(weights[inside].sum() / weights.sum())
        size = None if num_run is None else max(int(inside.sum()), round(part * num_run))
        known = share(yes[inside], weights[inside], num_run=size)
        low, high = jeffreys(known, level)
        value += part * known.value
        below += (part * (known.value - low)) ** 2
        above += (part * (high - known.value)) ** 2
        variance += _binomial(known) * part**2
    return Stratified(value=value, below=below, above=above, variance=variance)


def variance_of_mean(values: Floats, weights: Floats, strata: Strata) -> float:
    """The variance of a weighted mean in a stratified sample (Cochran, Sampling Techniques, 1977, section 5.4)."""
    found = 0.0
    for one in np.unique(strata):
        inside = strata == one
        num = int(inside.sum())
        if num > 1:
            part = float(weights[inside].sum() / weights.sum())
            found += part**2 * float(values[inside].var(ddof=1)) / num
    return found


def share_within(
    hits: NDArray[np.bool_], of: NDArray[np.bool_], weights: Floats, strata: Strata, *, level: float
) -> tuple[float, float, float]:
    """The share of hits among the documents `of` a stratified sample, with its limits: a sensitivity, for example.

    How many documents of a stratum belong to `of` is chance, and a stratum may have shown none: of 100 documents with
    the model's no, none may be a case, and hundreds of the 20,000 that they stand for. So the limits are quantiles of
    draws from each stratum's shares of hits, of others, and of documents that do not belong (Dirichlet, Jeffreys'
    prior), put together by the sizes of the strata.

    Args:
        hits: of each reviewed document, whether it has the property.
        of: whether it is counted at all; at least one is.
        weights: theirs.
        strata: theirs, from `strata_of`.
        level: of the limits.
    """
    drawn = drawn_within(np.stack([hits & of, ~hits & of, ~of]), weights, strata)
    value = float(weights[hits & of].sum() / weights[of].sum())
    low, high = np.quantile(drawn[:, 0] / drawn[:, :2].sum(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return value, min(float(low), value), max(float(high), value)


def share_among_known(
    hits: NDArray[np.bool_], of: NDArray[np.bool_], weights: Floats, strata: Strata, *, level: float
) -> tuple[float, float, float]:
    """The same where it is known of every document of the run whether it belongs to `of`: a predictive value.

    The model's answer is known before the review. So nothing is said by strata in which no document belongs: of 300
    documents with its no, none can have been a yes that was wrong.
    """
    known = stratified_share(hits[of].astype(np.float64), weights[of], strata[of], level=level)
    low, high = known.value - math.sqrt(known.below), known.value + math.sqrt(known.above)
    return known.value, max(0.0, low), min(1.0, high)


def drawn_within(cells: NDArray[np.bool_], weights: Floats, strata: Strata) -> Floats:
    """Draws of the sizes of cells in what the reviewed documents stand for, (draws, cells).

    Args:
        cells: (cells, documents): to which each reviewed document belongs; to exactly one.
        weights: theirs.
        strata: theirs.
    """
    rng = np.random.default_rng(0)
    found = np.zeros((_DRAWS, len(cells)))
    for one in np.unique(strata):
        inside = strata == one
        found += weights[inside].sum() * rng.dirichlet((cells & inside).sum(axis=1) + 0.5, _DRAWS)
    return found


def _binomial(known: Share) -> float:
    if math.isinf(known.num_effective):
        return 0.0
    return known.value * (1 - known.value) / known.num_effective
