"""How far two readers agree on categories: beyond chance, and of each category."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from glane.assess.proportion import Share, clustered_share, wilson

_SAMPLES, _LEVEL = 1000, 0.95
Codes = NDArray[np.int64]
Category = TypeVar("Category", bound=Hashable)


def coded(first: Sequence[Hashable], second: Sequence[Hashable]) -> tuple[Codes, Codes]:
    """The categories of two readers as numbers from 0, in order of first occurrence."""
    places = {category: place for place, category in enumerate(dict.fromkeys([*first, *second]))}
    return np.array([places[one] for one in first]), np.array([places[one] for one in second])


def agreement_ci(first: Codes, second: Codes, clusters: Codes | None = None) -> tuple[float, float] | None:
    """Wilson's interval of the share of documents on which both say the same, at the effective size of clusters."""
    if not len(first):
        return None
    same = (first == second).astype(np.float64)
    if clusters is None:
        return wilson(Share(value=float(same.mean()), num_effective=len(first)), _LEVEL)
    places = np.unique(clusters, return_inverse=True)[1]
    yes, trials = (np.bincount(places, one).astype(np.float64) for one in (same, np.ones(len(same))))
    return wilson(clustered_share(yes, trials, np.ones(len(trials))), _LEVEL)


def kappa(first: Codes, second: Codes) -> float | None:
    """Cohen's kappa (1960); None with a single category, for chance alone would agree always."""
    if len(np.union1d(first, second)) < 2:
        return None
    from sklearn.metrics import cohen_kappa_score

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = float(cohen_kappa_score(first, second))
    return None if found != found else found


def ac1(first: Codes, second: Codes) -> float | None:
    """Gwet's AC1 (Br. J. Math. Stat. Psychol. 2008): agreement beyond chance, also where one category is rare."""
    if not len(first):
        return None
    observed = float((first == second).mean())
    _, counts = np.unique(np.concatenate([first, second]), return_counts=True)
    if len(counts) < 2:
        return 1.0
    shares = counts / counts.sum()
    chance = float((shares * (1 - shares)).sum() / (len(counts) - 1))
    return (observed - chance) / (1 - chance)


def pabak(first: Codes, second: Codes) -> float | None:
    """Agreement beyond that of readers to whom all categories are alike, (k p - 1) / (k - 1).

    Of two categories, the prevalence- and bias-adjusted kappa (Byrt, Bishop and Carlin, J. Clin. Epidemiol. 1993); of
    more, the coefficient of Brennan and Prediger (Educ. Psychol. Meas. 1981). k counts the categories that occur.
    """
    return _beyond_even(float((first == second).mean()), first, second) if len(first) else None


def pabak_ci(first: Codes, second: Codes, clusters: Codes | None = None) -> tuple[float, float] | None:
    """The interval of `pabak`: that of the share on which it rests."""
    known = agreement_ci(first, second, clusters)
    return None if known is None else (_beyond_even(known[0], first, second), _beyond_even(known[1], first, second))


def _beyond_even(share: float, first: Codes, second: Codes) -> float:
    num = max(2, len(np.union1d(first, second)))
    return (num * share - 1) / (num - 1)


def resampled_ci(
    statistic: Callable[[Codes, Codes], float | None], first: Codes, second: Codes, clusters: Codes | None = None
) -> tuple[float, float] | None:
    """The percentile interval of a statistic over resamples of documents, or of clusters of them.

    None where most of the resamples do not define it.
    """
    members = [np.array([at]) for at in range(len(first))] if clusters is None else _members(clusters)
    if len(members) < 2:
        return None
    rng = np.random.default_rng(0)
    found = []
    for _ in range(_SAMPLES):
        drawn = np.concatenate([members[at] for at in rng.integers(0, len(members), len(members))])
        value = statistic(first[drawn], second[drawn])
        found += [] if value is None else [value]
    if len(found) < _SAMPLES / 2:
        return None
    low, high = np.quantile(found, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return float(low), float(high)


def _members(clusters: Codes) -> list[Codes]:
    """The places of the documents of each cluster."""
    return [np.flatnonzero(clusters == one) for one in np.unique(clusters)]


def of_each(first: Sequence[Category], second: Sequence[Category]) -> dict[Category, float]:
    """The specific agreement of each category, 2a / (2a + b + c).

    Of a boolean, positive and negative agreement (Cicchetti and Feinstein, J. Clin. Epidemiol. 1990).
    """
    found = {}
    for category in dict.fromkeys([*first, *second]):
        both = sum(one == other == category for one, other in zip(first, second, strict=True))
        either = sum(one == category for one in first) + sum(one == category for one in second)
        found[category] = 2 * both / either
    return found
