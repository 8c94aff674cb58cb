"""The corrected difference between two groups, from their corrected figures and intervals.

The limits are those of MOVER (Zou and Donner, Stat. Med. 2008;27:1693), for correlated figures as in Zou (Psychol.
Methods 2007;12:399): each side of each interval gives its own variance. Of two independent Wilson intervals this is
Newcombe's interval (Stat. Med. 1998;17:873, method 10).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import polars as pl

from glane.assess.estimate.figures import joined_notes
from glane.assess.estimate.record import Estimate, Together
from glane.assess.multiverse.record import Corrected


def corrected_figure(
    estimates: Sequence[Estimate], together: Together | None, between: tuple[str, str] | None
) -> Corrected:
    """The corrected figure of one specification: that of all documents, or the first group minus the second.

    The figures of a pooled table share error rates: their covariance is taken from it. Without one, they are taken as
    independent.
    """
    if between is None:
        [one] = estimates
        return Corrected(
            value=one.estimate, low=one.low, high=one.high, method=one.method, reviewed=one.n_gold,
            clusters=one.clusters, note=one.note,
        )  # fmt: skip
    groups = pl.Series([one.group for one in estimates]).cast(pl.String).to_list()
    places = [groups.index(name) for name in between]
    first, second = (estimates[place] for place in places)
    low, high = _limits(first, second, _correlation(together, *places))
    value = None if first.estimate is None or second.estimate is None else first.estimate - second.estimate
    return Corrected(
        value=value, low=low, high=high, method=first.method, reviewed=first.n_gold + second.n_gold,
        clusters=first.clusters, heterogeneity=None if together is None else together.heterogeneity,
        note=joined_notes(first.note, second.note if second.note != first.note else None),
    )  # fmt: skip


def _correlation(together: Together | None, first: int, second: int) -> float:
    covariance = None if together is None else together.covariance
    if covariance is None or covariance[first][first] <= 0 or covariance[second][second] <= 0:
        return 0.0
    return covariance[first][second] / math.sqrt(covariance[first][first] * covariance[second][second])


def _limits(first: Estimate, second: Estimate, correlation: float) -> tuple[float | None, float | None]:
    a, a_low, a_high = first.estimate, first.low, first.high
    b, b_low, b_high = second.estimate, second.low, second.high
    if a is None or a_low is None or a_high is None or b is None or b_low is None or b_high is None:
        return None, None
    below = _apart(a - a_low, b_high - b, correlation)
    above = _apart(a_high - a, b - b_low, correlation)
    return a - b - below, a - b + above


def _apart(one: float, other: float, correlation: float) -> float:
    return math.sqrt(max(one**2 + other**2 - 2 * correlation * one * other, 0.0))
