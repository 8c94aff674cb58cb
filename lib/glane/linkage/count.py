"""How many entities there are, of what a reviewed sample says of the decisions that the number hangs on.

The records and the decisions on them are a forest. Where a decision is truly the same entity, two become one: the
number of entities is that of records less that of true decisions, if each entity hangs together in the forest. So the
number is a difference of totals by stratum, and a random sample of each stratum tells them. It does not tell of pairs
that no rule of blocking brought together. Decisions of a sample that stayed empty are taken as missing at random.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.linkage.link import LINKED, PROBABILITY, STRATA, STRATUM
from glane.linkage.sample import SAME, unreviewed
from glane.validation import Strict

Floats = NDArray[np.float64]
_DRAWS = 2000
_PRIOR = 0.5  # Jeffreys


class StratumCount(Strict):
    """Decisions of one stratum, and what review says of them."""

    stratum: str
    decisions: int
    linked: int  # that make records one entity
    expected: float | None  # true ones, by the model; None of keys
    reviewed: int
    same: int  # of the reviewed ones
    empty: int = 0  # that were drawn, and of which the reader said nothing


class EntityCount(Strict):
    """The number of entities by the review, with its interval."""

    estimate: float
    low: float
    high: float
    level: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StratumDraws:
    """How often a decision of a stratum that nobody reviewed is true: one share for each draw."""

    shares: dict[str, Floats]

    @classmethod
    def of(cls, strata: Sequence[StratumCount], num: int, seed: int) -> StratumDraws:
        """Draw shares from what was reviewed."""
        rng = np.random.default_rng(seed)
        return cls(
            shares={one.stratum: rng.beta(one.same + _PRIOR, one.reviewed - one.same + _PRIOR, num) for one in strata}
        )


def strata_of(decisions: pl.DataFrame, empty: Mapping[str, int] | None = None) -> tuple[StratumCount, ...]:
    """Count the decisions with SAME by stratum; `empty` are those of a sample that stayed so, by stratum."""
    found = []
    for name in STRATA:
        part = decisions.filter(pl.col(STRATUM) == name)
        if part.height:
            told = float(part[PROBABILITY].to_numpy().sum()) if part[PROBABILITY].count() else None
            found.append(
                StratumCount(
                    stratum=name, decisions=part.height, linked=int(part[LINKED].sum()), expected=told,
                    reviewed=part[SAME].count(), same=int(part[SAME].sum()), empty=(empty or {}).get(name, 0),
                )
            )  # fmt: skip
    return tuple(found)


def entity_count(decisions: pl.DataFrame, *, records: int, level: float, seed: int) -> EntityCount | None:
    """The number of entities with an interval; None where a stratum was not reviewed: then nothing tells of it.

    Limits are those of draws: a share of each stratum from a beta distribution (Jeffreys), then the decisions that
    nobody looked at from a binomial distribution. Reviewed ones are what their reader said.
    """
    if unreviewed(decisions) or not decisions[SAME].count():
        return None
    strata, rng = strata_of(decisions), np.random.default_rng(seed + 1)
    shares = StratumDraws.of(strata, _DRAWS, seed).shares
    merged, expected = np.zeros(_DRAWS), 0.0
    for one in strata:
        left = one.decisions - one.reviewed
        merged += one.same + rng.binomial(left, shares[one.stratum])
        expected += one.same + left * one.same / one.reviewed
    low, high = np.quantile(records - merged, [(1 - level) / 2, (1 + level) / 2])
    estimate = records - expected
    return EntityCount(estimate=estimate, low=min(float(low), estimate), high=max(float(high), estimate), level=level)
