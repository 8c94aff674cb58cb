"""How probable it is that two records are of one entity, from the levels at which they agree.

Fellegi and Sunter (JASA 1969): m is how often pairs of one entity are at a level, u how often other pairs are, and the
logarithms of m / u of the columns add up. m, u and the share of matches are estimated by EM (Winkler 1988; Larsen and
Rubin, JASA 2001). A column that says nothing in one of both records says nothing of the pair.

Each rule of blocking has its own share of matches, and its own columns say nothing within it: EM does not take for
evidence what made the pair. u is that of random pairs of all records, which have a share of matches, too: else a
small data set would take its own matches for chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glane.linkage.levels import MISSING, Levels

Floats = NDArray[np.float64]
_ROUNDS, _CLOSE = 500, 1e-7
_LEAST = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Patterns:
    """Pairs of one origin, those that agree alike taken together."""

    levels: Levels  # (patterns, columns)
    counts: Floats  # (patterns,)
    told: NDArray[np.bool_]  # (columns,): those that tell something within this origin

    @classmethod
    def of(cls, levels: Levels, told: NDArray[np.bool_]) -> Patterns:
        """Count the patterns of pairs."""
        found, counts = np.unique(np.where(told, levels, MISSING), axis=0, return_counts=True)
        return cls(levels=found.astype(np.int8), counts=counts.astype(np.float64), told=told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What EM found. `m[c][k]` is of column c at level k + 1."""

    m: tuple[Floats, ...]
    u: tuple[Floats, ...]
    shares: Floats  # of matches, by origin: random pairs first, then each rule
    rounds: int
    is_converged: bool

    def evidence(self, levels: Levels, told: NDArray[np.bool_] | None = None) -> Floats:
        """The sum of log(m / u) of the columns that tell something, for each row of levels."""
        total = np.zeros(len(levels))
        for at, (m, u) in enumerate(zip(self.m, self.u, strict=True)):
            if told is None or told[at]:
                total += np.concatenate([[0.0], np.log(m / u)])[levels[:, at]]
        return total


def fitted(
    random: Patterns, rules: Sequence[Patterns], num_levels: Sequence[int], *, num: int, vetoes: NDArray[np.bool_]
) -> Model:
    """Estimate m, u and the shares of matches.

    Args:
        random: Pairs drawn from all of them.
        rules: Pairs that each rule of blocking brought together.
        num_levels: Of each column.
        num: Records.
        vetoes: (columns,): those in which pairs of one entity are never different.
    """
    m = tuple(_first_m(size, is_veto) for size, is_veto in zip(num_levels, vetoes, strict=True))
    u = tuple(_shares_of(random, random.counts, at, size) for at, size in enumerate(num_levels))
    origins = [random, *rules]
    shares = np.array([1 / max(num, 2), *(0.2 for _ in rules)])
    rounds, is_converged = 0, False
    while rounds < _ROUNDS and not is_converged:
        rounds += 1
        model = Model(m=m, u=u, shares=shares, rounds=rounds, is_converged=False)
        matches = [one.counts * _posterior(model, one, share) for one, share in zip(origins, shares, strict=True)]
        later_m = tuple(_m_of(origins, matches, at, size, vetoes[at]) for at, size in enumerate(num_levels))
        u = tuple(
            _shares_of(random, random.counts - matches[0], at, size) for at, size in enumerate(num_levels)
        )  # fmt: skip
        sums = [(found.sum(), one.counts.sum()) for one, found in zip(origins, matches, strict=True)]
        later = np.array([np.clip(part / max(whole, 1.0), _LEAST, 1 - 1e-9) for part, whole in sums])
        moved = max(
            [float(np.abs(one - other).max()) for one, other in zip(m, later_m, strict=True)]
            + [float(np.abs(later - shares).max())]
        )
        m, shares, is_converged = later_m, later, moved < _CLOSE
    return Model(m=m, u=u, shares=shares, rounds=rounds, is_converged=is_converged)


def of_rules(model: Model, levels: Levels, rules: NDArray[np.bool_], told: NDArray[np.bool_]) -> Floats:
    """The log odds that pairs are of one entity, by the rules that brought them together: the mean of theirs.

    Args:
        model: What EM found.
        levels: (pairs, columns).
        rules: (pairs, rules): each pair is of one at least.
        told: (rules, columns): the columns that tell something within a rule.
    """
    prior = np.log(model.shares) - np.log1p(-model.shares)
    total = np.zeros(len(levels))
    for at in range(rules.shape[1]):
        of_rule = rules[:, at]
        total[of_rule] += prior[1 + at] + model.evidence(levels[of_rule], told[at])
    return total / np.maximum(rules.sum(axis=1), 1)


def any_two(odds: Floats, num: int) -> float:
    """The log odds that any two of `num` records are one entity: as many as are expected among candidates."""
    share = np.clip(probability(odds).sum() / max(num * (num - 1) / 2, 1), _LEAST, 0.5)
    return float(np.log(share) - np.log1p(-share))


def probability(odds: Floats) -> Floats:
    """The probability of log odds."""
    return 1 / (1 + np.exp(-np.clip(odds, -500, 500)))


def _posterior(model: Model, one: Patterns, share: float) -> Floats:
    return probability(np.log(share) - np.log1p(-share) + model.evidence(one.levels, one.told))


def _first_m(size: int, is_veto: np.bool_) -> Floats:
    """Nine of ten pairs of one entity are equal; the others at any level, the nearer the more often."""
    rest = 0.5 ** np.arange(1, size)
    found = np.concatenate([[0.9], 0.1 * rest / rest.sum()])
    return np.concatenate([found[:-1] / found[:-1].sum(), [_LEAST]]) if is_veto else found


def _counts_of(one: Patterns, weights: Floats, at: int, size: int) -> Floats:
    """Of a column: the weight at each level, without that of pairs of which it says nothing."""
    return np.bincount(one.levels[:, at], weights, size + 1)[1:].astype(np.float64)


def _shares_of(one: Patterns, weights: Floats, at: int, size: int) -> Floats:
    return _smoothed(_counts_of(one, weights, at, size))


def _m_of(origins: Sequence[Patterns], matches: Sequence[Floats], at: int, size: int, is_veto: np.bool_) -> Floats:
    found = [_counts_of(one, part, at, size) for one, part in zip(origins, matches, strict=True) if one.told[at]]
    shares = _smoothed(np.sum(found, axis=0))
    if is_veto:
        shares[-1] = _LEAST
        shares /= shares.sum()
    return shares


def _smoothed(counts: Floats) -> Floats:
    """Shares of counts; no level is impossible because it was not seen. Half a pair is spread over the levels."""
    prior = np.full(len(counts), 0.5 / len(counts))
    return (np.maximum(counts, 0) + prior) / (np.maximum(counts, 0).sum() + prior.sum())
