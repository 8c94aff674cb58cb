"""Whether a rate differs between two periods: the exact conditional test of two Poisson rates.

Given the cases of both periods together, those of the later one are binomial, with the share of its documents among
all as the probability if both rates are the same (Przyborowski and Wilenski, Biometrika 1940). The interval of the
ratio is that of the binomial share (Clopper and Pearson 1934), transformed.
"""

from __future__ import annotations

from typing import NamedTuple

from scipy import stats


class RateRatio(NamedTuple):
    """A ratio of two rates with its limits; None where both periods have no case, or one no document."""

    ratio: float | None
    low: float | None
    high: float | None
    p: float | None


def rate_ratio(cases: int, documents: int, cases_before: int, documents_before: int, *, level: float) -> RateRatio:
    """The rate of a period by that of an earlier one."""
    both = cases + cases_before
    if not both or not documents or not documents_before:
        return RateRatio(None, None, None, None)
    expected = documents / (documents + documents_before)
    test = stats.binomtest(cases, both, expected)
    limits = test.proportion_ci(confidence_level=level, method="exact")
    ratio, low, high = (
        _as_ratio(share, documents, documents_before) for share in (cases / both, limits.low, limits.high)
    )
    return RateRatio(ratio, low, high, float(test.pvalue))


def _as_ratio(share: float, documents: int, documents_before: int) -> float | None:
    return None if share >= 1 else float(share / (1 - share) * documents_before / documents)
