"""How many cases of periods are still to be reported, by a reporting triangle.

The share of reports that is in is estimated as by Lawless (Can. J. Stat. 1994), which is the chain ladder: of the cases
with a delay of at most x periods, the share with a delay of x itself (the hazard in reverse time), multiplied over all
delays still to come. Intervals are predictive ones, by draws: each hazard has a beta posterior under a symmetric
Dirichlet prior of the delays (Höhle and an der Heiden, Biometrics 2014), and the cases still to come a negative
binomial one given the share. Where reports come in batches, both are wider by the dispersion of the triangle
(Pearson's, as England and Verrall, British Actuarial Journal 2002, take it for chain ladders).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_DRAWS, _PRIOR = 4000, 0.1  # the weight of each delay in the prior
_SMALLEST = 1e-3  # share of reports: below it a draw would tell of cases without end


@dataclass(frozen=True, slots=True, kw_only=True)
class Nowcast:
    """Arrays over periods; not a number where nothing can be said (no delay of theirs is wholly reported)."""

    completeness: Floats  # the share of reports that is expected to be in; 1 after the longest delay
    expected: Floats
    low: Floats
    high: Floats
    by_delay: Floats  # (longest + 1,): the share of reports that is in after so many periods
    dispersion: float  # 1: reports come each by itself; more: in batches


@dataclass(frozen=True, slots=True, kw_only=True)
class _Hazards:
    """Of each delay (longest + 1): cases of it, and of it or shorter, among periods in which it was seen."""

    cases: Floats
    at_risk: Floats
    dispersion: float

    def by_delay(self) -> Floats:
        """The share of reports that is in after each delay; a delay that no case is told of is taken for none."""
        left = 1 - np.divide(self.cases, self.at_risk, out=np.zeros_like(self.cases), where=self.at_risk > 0)
        return _after(left[None])[0]

    def drawn(self, num: int, rng: np.random.Generator) -> Floats:
        """Draws of the same, (num, longest + 1)."""
        delays = np.arange(1, len(self.cases))
        cases, others = self.cases[1:] / self.dispersion, (self.at_risk - self.cases)[1:] / self.dispersion
        left = np.ones((num, len(self.cases)))
        left[:, 1:] = rng.beta(others + _PRIOR * delays, cases + _PRIOR, (num, len(delays)))
        return np.maximum(_after(left), _SMALLEST)


def nowcast(
    seen: Floats, is_whole: NDArray[np.bool_], unknown: Floats, *, recent: int | None, level: float, seed: int = 0
) -> Nowcast:
    """Tell how many cases of each period are to be expected in the end.

    Args:
        seen: (periods, longest + 1): cases by delay.
        is_whole: The same: whether all reports of that delay are in.
        unknown: (periods,): cases of an unknown delay, which are in.
        recent: How many last periods of reports tell of the delays; None: all.
        level: Of the intervals.
        seed: Of the draws.
    """
    hazards = _hazards(seen, is_whole, recent)
    by_delay = hazards.by_delay()
    delay = is_whole.sum(axis=1) - 1  # that is wholly in; -1: not even that of 0
    told = delay >= 0
    share = np.where(told, by_delay[delay], np.nan)
    now = seen.sum(axis=1) + unknown
    counted = np.where(is_whole, seen, 0).sum(axis=1) + unknown
    is_open = told & (delay < seen.shape[1] - 1)
    expected = np.where(told, now, np.nan)
    expected[is_open] = np.maximum(now, counted / np.maximum(share, _SMALLEST))[is_open]
    low, high = expected.copy(), expected.copy()
    rng = np.random.default_rng(seed)
    drawn, tail = hazards.drawn(_DRAWS, rng), (1 - level) / 2
    for place in np.flatnonzero(is_open):
        whole = counted[place] + _to_come(counted[place], drawn[:, delay[place]], hazards.dispersion, rng)
        ends = np.quantile(whole, [tail, 1 - tail], method="inverted_cdf")
        low[place] = min(max(ends[0], now[place]), expected[place])
        high[place] = max(ends[1], expected[place])
    return Nowcast(
        completeness=share, expected=expected, low=low, high=high, by_delay=by_delay, dispersion=hazards.dispersion
    )


def _hazards(seen: Floats, is_whole: NDArray[np.bool_], recent: int | None) -> _Hazards:
    """What the periods in which a delay was wholly seen tell of it."""
    reported = np.add.outer(np.arange(seen.shape[0]), np.arange(seen.shape[1]))
    last = int(reported[is_whole].max())
    chosen = is_whole if recent is None else is_whole & (reported > last - recent)
    at_risk = np.where(chosen, np.where(is_whole, seen, 0).cumsum(axis=1), 0)
    cases = np.where(chosen, seen, 0)
    return _Hazards(
        cases=cases.sum(axis=0), at_risk=at_risk.sum(axis=0),
        dispersion=_dispersion(cases.astype(np.float64), at_risk.astype(np.float64)),
    )  # fmt: skip


def _dispersion(cases: Floats, at_risk: Floats) -> float:
    """Pearson's statistic of binomial counts of each delay over its degrees of freedom; at least 1."""
    sums = at_risk.sum(axis=0)
    hazard = np.divide(cases.sum(axis=0), sums, out=np.zeros_like(sums), where=sums > 0)
    variance = at_risk * hazard * (1 - hazard)
    is_told = (variance > 0) & (np.arange(cases.shape[1]) > 0)
    left = int(is_told.sum()) - int(is_told.any(axis=0).sum())
    if left < 1:
        return 1.0
    pearson = (((cases - at_risk * hazard) ** 2)[is_told] / variance[is_told]).sum()
    return max(1.0, float(pearson) / left)


def _after(left: Floats) -> Floats:
    """The share that is in after each delay, of the shares that are no case of each delay: (draws, longest + 1)."""
    shares = np.ones_like(left)
    shares[:, :-1] = np.cumprod(left[:, :0:-1], axis=1)[:, ::-1]
    return shares


def _to_come(count: float, share: Floats, dispersion: float, rng: np.random.Generator) -> Floats:
    """Draws of the cases still to come where `count` are in: one for each draw of the share that is in.

    The posterior of a count of which each is seen with that probability, under the prior of Jeffreys; its variance is
    that of a negative binomial count times the dispersion.
    """
    missing = 1 - share
    found = np.zeros(len(share))
    some = missing > 0
    chance = share[some] / dispersion
    mean = (count + 0.5) * missing[some] / share[some]
    found[some] = rng.negative_binomial(mean * chance / (1 - chance), chance)
    return found
