"""Counts of yes in the groups of a table: one method for all of them, and a sum that is the figure over all groups.

Few reviewed documents fall into one week or one hospital. An estimate from these alone is zero wherever none of them
is a yes, and a table of such estimates loses the cases. So three things are shared:

1. **The error rates.** The expected count of a group follows from the model's yes in it, and from the sensitivity and
   the false positive rate over all groups (Rogan and Gladen, Am. J. Epidemiol. 1978). The predictive value that follows
   is taken for the documents that nobody reviewed; of the others the truth is known.
2. **What the group's own review says beyond.** Its residual, reviewed truth minus expectation, is shrunk by how far
   groups differ at all (composite estimation: Fay and Herriot, JASA 1979; Rao and Molina, Small Area Estimation, 2015,
   chapter 6). For periods, neighbours tell of each other; other groups are exchangeable. How far groups differ is not
   known, and the posterior over a grid is averaged, so that the intervals hold that too.
3. **The total.** What nobody reviewed is scaled so that the groups add up to the estimate over all groups, which rests
   on the sampling design alone (benchmarking: Rao and Molina, section 6.4.6).

Intervals are quantiles of draws from the distribution of all groups together, so that their covariance is kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaincinv, ndtri

from glane.assess.estimate.differences import Residuals, differences, residuals_of
from glane.assess.estimate.groups import Floats, Groups, Rates, predictive
from glane.assess.estimate.scaled import scaled
from glane.assess.proportion import Interval, normal_quantile

DRAWS = 4000
_TRIALS = 999  # simulated reviews behind the test of heterogeneity


@dataclass(frozen=True, slots=True, kw_only=True)
class Pooled:
    """Estimated counts of yes by group: arrays of length G, and draws (DRAWS, G) from their joint distribution."""

    estimate: Floats
    draws: Floats
    heterogeneity: float | None  # p-value: that error rates are the same in all groups; None without residuals


def pooled(groups: Groups, rates: Rates, total: Interval, *, level: float, seed: int = 0) -> Pooled:
    """Estimate the count of each group of a run.

    Args:
        groups: the run and its review.
        rates: the model's error rates over all groups.
        total: the count over all groups, with its limits at `level`.
        level: of the limits of `total`.
        seed: of the draws.
    """
    rng = np.random.default_rng(seed)
    total_rng = np.random.default_rng([seed, 1])  # so that tables of the same run by other groups have the same totals
    known = groups.said_yes.num_yes + groups.said_no.num_yes
    left_yes = groups.run_yes - groups.said_yes.num
    left_no = groups.num_run - groups.run_yes - groups.said_no.num
    left = left_yes + left_no
    residuals = residuals_of(groups, rates)
    posterior = differences(groups, residuals)
    after_yes, after_no = predictive(groups.run_yes / groups.num_run, rates.sensitivity, rates.false_positive_rate)
    own = left / groups.num_run * residuals.base
    point = np.clip(left_yes * after_yes + left_no * after_no + own * posterior.mean(), 0, left)

    sensitivity = _drawn_rate(rng, rates.sensitivity, rates.num_yes)
    false_positive = np.minimum(_drawn_rate(rng, rates.false_positive_rate, rates.num_no), 0.99 * sensitivity)
    observed = _drawn_shares(rng, groups, false_positive)
    after_yes, after_no = predictive(observed, sensitivity, false_positive)
    truly = rng.binomial(left_yes.astype(int), after_yes) + rng.binomial(left_no.astype(int), after_no)
    drawn = np.clip(np.asarray(truly, dtype=np.float64) + own * posterior.draw(rng, DRAWS), 0, left)
    return Pooled(
        estimate=known + scaled(point[None], left, np.array([total.estimate - known.sum()]))[0],
        draws=known + scaled(drawn, left, drawn_total(total_rng, total, level) - known.sum()),
        heterogeneity=_heterogeneity(groups, residuals, rng),
    )


def limits(draws: Floats, estimate: Floats, level: float) -> tuple[Floats, Floats]:
    """The limits of each group by itself, around its estimate."""
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.minimum(low, estimate), np.maximum(high, estimate)


def bands(draws: Floats, estimate: Floats, level: float) -> tuple[Floats, Floats]:
    """Limits that hold all groups at once with probability `level`, by the ranks of the draws.

    Besag, Green, Higdon and Mengersen, Stat. Sci. 1995, section 6.3: each group is cut at the same rank, the one at
    which `level` of the draws are within the limits of every group.
    """
    ordered, num = np.sort(draws, axis=0), len(draws)
    depth = np.full(num, num)
    for place in range(draws.shape[1]):
        below = np.searchsorted(ordered[:, place], draws[:, place], side="right")
        above = num - np.searchsorted(ordered[:, place], draws[:, place], side="left")
        depth = np.minimum(depth, np.minimum(below, above))
    rank = int(np.clip(np.quantile(depth, 1 - level), 1, num * (1 - level) / 2))
    return np.minimum(ordered[rank - 1], estimate), np.maximum(ordered[num - rank], estimate)


def of_process(drawn: Pooled, groups: Groups, *, is_count: bool, effect: float = 1.0, seed: int = 1) -> Floats:
    """Draws for what the documents are a sample of: expected counts (Poisson), or the shares behind them (binomial).

    `effect` is the design effect of clusters: the same spread as of so many times fewer documents.
    """
    rng = np.random.default_rng(seed)
    yes, no = drawn.draws / effect + 0.5, (groups.num_run - drawn.draws) / effect + 0.5
    return rng.gamma(yes) * effect if is_count else groups.num_run * rng.beta(yes, no)


def _drawn_rate(rng: np.random.Generator, rate: float, num: float) -> Floats:
    """A rate from its Jeffreys posterior, (DRAWS, 1); as it is where no document tells."""
    if num <= 0:
        return np.full((DRAWS, 1), rate)
    return rng.beta(rate * num + 0.5, (1 - rate) * num + 0.5, (DRAWS, 1))


def _drawn_shares(rng: np.random.Generator, groups: Groups, false_positive: Floats) -> Floats:
    """The model's share of yes in each group, were it asked again and again: never below its false positives."""
    yes, no = groups.run_yes + 0.5, groups.num_run - groups.run_yes + 0.5
    least = betainc(yes, no, false_positive)
    found: Floats = betaincinv(yes, no, least + (1 - least) * rng.random((DRAWS, len(yes))))
    return np.clip(found, false_positive, 1)


def drawn_total(rng: np.random.Generator, total: Interval, level: float) -> Floats:
    """A count by its interval, (DRAWS,): normal on either side of its estimate, with the two sides of the interval.

    Quantiles in random order and no random numbers: those of the draws are then the limits, without chance.
    """
    deviate = ndtri((rng.permutation(DRAWS) + 0.5) / DRAWS) / normal_quantile(level)
    return total.estimate + np.where(
        deviate < 0, deviate * (total.estimate - total.low), deviate * (total.high - total.estimate)
    )


def _heterogeneity(groups: Groups, residuals: Residuals, rng: np.random.Generator) -> float | None:
    """The p-value of equal error rates in all groups: the residuals against those of simulated reviews."""
    told = residuals.variance > 0
    if told.sum() < 2:
        return None

    def statistic(found: Floats) -> Floats:
        squared: Floats = (found[..., told] ** 2 / residuals.variance[told]).sum(axis=-1)
        return squared

    simulated = np.zeros((_TRIALS, len(told)))
    run_no = groups.num_run - groups.run_yes
    cells = (
        (groups.said_yes, groups.run_yes, residuals.after_yes), (groups.said_no, run_no, residuals.after_no)
    )  # fmt: skip
    for cell, size, expected in cells:
        num = np.rint(cell.num_effective).astype(int)
        shares = rng.binomial(num, expected, (_TRIALS, len(num))) / np.maximum(num, 1)
        simulated += np.where(num > 0, size * (shares - expected), 0)
    as_far = int((statistic(simulated) >= statistic(residuals.found) * (1 - 1e-9)).sum())
    return (1 + as_far) / (1 + _TRIALS)
