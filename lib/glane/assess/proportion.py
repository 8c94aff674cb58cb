"""A share of documents, its effective size, and its intervals; error rates of a model, and the share that they correct.

Weights are inverse inclusion probabilities, up to a common factor.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv

Floats = NDArray[np.float64]
FEW = 10  # with fewer yes or no answers among them, the spread of weights says too little of the variance


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A weighted share of yes, and its effective sample size."""

    value: float
    num_effective: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate with its limits. `gain` is the slope of the truth on the model's answer, 0 where it does not help."""

    estimate: float
    low: float
    high: float
    gain: float = 0.0

    @property
    def width(self) -> float:
        """From the lower limit to the upper."""
        return self.high - self.low


def normal_quantile(level: float) -> float:
    """The z of a two-sided interval: 1.96 for level 0.95."""
    return NormalDist().inv_cdf((1 + level) / 2)


def left_over(weights: Floats, num_run: int | None) -> Floats:
    """How much of its variance each reviewed document keeps: 1 - its inclusion probability in a run of `num_run`.

    The probabilities are read off the weights, which sum to the size of the run (Hájek 1964). Without `num_run`, the
    run is itself a sample of something without bounds, and nothing is taken off.
    """
    if num_run is None:
        return np.ones(len(weights))
    kept: Floats = np.clip(1 - weights.sum() / (num_run * weights), 0.0, 1.0)
    return np.where(kept < 1e-9, 0.0, kept)  # rounding


def share(yes: Floats, weights: Floats, *, num_run: int | None = None) -> Share:
    """The weighted (Hájek) share of yes.

    The effective size is p (1 - p) / v, v the linearised variance (Särndal, Swensson and Wretman, Model Assisted Survey
    Sampling, 1992, section 5.7). With few yes or no answers it is at most Kish's (sum w)² / sum w², whatever v says.
    With `num_run` it is the share in a run of so many documents, and the size without bound when all were reviewed.
    """
    total = weights.sum()
    value = _mean(yes, np.ones(len(yes)), weights)
    spread = weights**2 * left_over(weights, num_run)
    if not spread.any():
        return Share(value=value, num_effective=math.inf)
    kish = float(total**2 / spread.sum())
    variance = float(spread @ (yes - value) ** 2 / total**2)
    if value in (0, 1) or variance == 0:
        return Share(value=value, num_effective=kish)
    effective = value * (1 - value) / variance
    few = min(yes.sum(), len(yes) - yes.sum()) < FEW
    return Share(value=value, num_effective=min(effective, kish) if few else effective)


def _mean(yes: Floats, trials: Floats, weights: Floats) -> float:
    """The weighted share; exactly 0 or 1 where all trials are alike, which sums of weights would miss by rounding."""
    if not yes.any():
        return 0.0
    return 1.0 if (yes == trials).all() else float(weights @ yes / (weights @ trials))


def clustered_share(yes: Floats, trials: Floats, weights: Floats) -> Share:
    """The weighted share of yes among trials that come in clusters, such as the values of a document.

    It is a ratio of two totals over clusters, with its linearised variance (Särndal, Swensson and Wretman, Model
    Assisted Survey Sampling, 1992, section 5.6), that is, clusters vary as wholes. The effective size is p (1 - p) / v
    (Kott and Carr 1997). With few clusters that have a yes, or a no, it is at most their effective number; it is never
    more than the number of trials. With one trial a cluster it is that of `share`.

    Args:
        yes: by cluster.
        trials: by cluster, at least one.
        weights: of the clusters.
    """
    sizes = weights * trials
    total = sizes.sum()
    value = _mean(yes, trials, weights)
    kish = float(total**2 / (sizes @ sizes))
    variance = float(weights**2 @ (yes - value * trials) ** 2 / total**2)
    if value in (0, 1) or variance == 0:
        return Share(value=value, num_effective=kish)
    effective = min(value * (1 - value) / variance, float(trials.sum()))
    few = min((yes > 0).sum(), (yes < trials).sum()) < FEW
    return Share(value=value, num_effective=min(effective, kish) if few else effective)


def wilson(known: Share, level: float) -> tuple[float, float]:
    """The score interval of Wilson (JASA 1927), at the effective size (Kott and Carr 1997; Franco et al. 2019)."""
    z, n, p = normal_quantile(level), known.num_effective, known.value
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return 0.0 if p == 0 else max(0.0, middle - half), 1.0 if p == 1 else min(1.0, middle + half)


def jeffreys(known: Share, level: float) -> tuple[float, float]:
    """The equal-tailed interval of Jeffreys' prior, at the effective size (Brown, Cai and DasGupta, Stat. Sci. 2001).

    It is shorter than Wilson's where nearly all answers are the same; its limit there is 0 or 1.
    """
    tail, n = (1 - level) / 2, known.num_effective
    if math.isinf(n):
        return known.value, known.value
    yes, no = n * known.value, n * (1 - known.value)
    low = 0.0 if known.value == 0 else float(betaincinv(yes + 0.5, no + 0.5, tail))
    high = 1.0 if known.value == 1 else float(betaincinv(yes + 0.5, no + 0.5, 1 - tail))
    return low, high


def beside(found: Interval, gold: Floats, num_run: int | None) -> Interval:
    """The interval cut to the shares that are possible, given the known answers of the reviewed documents."""
    if num_run is None:
        return found
    fewest, most = gold.sum() / num_run, 1 - (len(gold) - gold.sum()) / num_run
    return replace(
        found, low=max(found.low, min(fewest, found.estimate)), high=min(found.high, max(most, found.estimate))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRates:
    """How well the model tells yes from no, in the reviewed documents."""

    sensitivity: Share
    specificity: Share
    fewest: int  # reviewed documents that the less sure one is made of

    @property
    def youden(self) -> float:
        """Sensitivity + specificity - 1: 0 for a model that knows nothing."""
        return self.sensitivity.value + self.specificity.value - 1


def error_rates(gold: Floats, predicted: Floats, weights: Floats) -> ErrorRates | None:
    """Sensitivity and specificity; None where the reviewed documents hold no true yes, or no true no."""
    is_yes = gold == 1
    if is_yes.all() or not is_yes.any():
        return None
    return ErrorRates(
        sensitivity=share(predicted[is_yes], weights[is_yes]),
        specificity=share(1 - predicted[~is_yes], weights[~is_yes]),
        fewest=int(min(is_yes.sum(), (~is_yes).sum())),
    )


def rogan_gladen(rates: ErrorRates, *, run_share: float, num_run: int, level: float) -> Interval | None:
    """The model's share of yes, corrected: (q + Sp - 1) / (Se + Sp - 1), kept within 0 and 1.

    The estimate is that of Rogan and Gladen (Am. J. Epidemiol. 1978), the interval the adjusted one of Lang and
    Reiczigel (Prev. Vet. Med. 2014), which counts the uncertainty of Se and Sp.

    Args:
        rates: of the model, from the reviewed documents.
        run_share: the model's share of yes in the run.
        num_run: documents of the run.
        level: of the interval.

    Returns:
        None if Se + Sp <= 1: the model's answer then tells nothing.
    """
    if rates.youden <= 0:
        return None
    z = normal_quantile(level)
    sensitivity, num_yes = _with_two_more(rates.sensitivity)
    specificity, num_no = _with_two_more(rates.specificity)
    num_more = num_run + z**2
    observed = (num_run * run_share + z**2 / 2) / num_more
    youden = sensitivity + specificity - 1
    if youden <= 0:
        return None
    middle = (observed + specificity - 1) / youden
    of_yes = sensitivity * (1 - sensitivity) / num_yes
    of_no = specificity * (1 - specificity) / num_no
    error = math.sqrt(observed * (1 - observed) / num_more + of_yes * middle**2 + of_no * (1 - middle) ** 2) / youden
    shift = 2 * z**2 * (middle * of_yes - (1 - middle) * of_no)
    estimate = _within((run_share + rates.specificity.value - 1) / rates.youden)
    return Interval(
        estimate=estimate,
        low=min(estimate, _within(middle + shift - z * error)),
        high=max(estimate, _within(middle + shift + z * error)),
        gain=rates.youden,
    )


def _with_two_more(known: Share) -> tuple[float, float]:
    """A share and its size after one more yes and one more no."""
    n = known.num_effective + 2
    return (known.value * known.num_effective + 1) / n, n


def _within(value: float) -> float:
    return min(1.0, max(0.0, value))


def of_finite(num_yes: int, num_sampled: int, num_all: int, level: float) -> tuple[float, float]:
    """The limits of the share of yes in `num_all`, of which `num_sampled` were drawn at random without replacement.

    All numbers of yes are within that either tail of the hypergeometric distribution does not refuse (Buonaccorsi, A
    note on confidence intervals for proportions in finite populations, 1987). It covers at least as often as `level`.
    """
    from scipy.stats import hypergeom

    refused = (1 - level) / 2
    least, most = num_yes, num_all - (num_sampled - num_yes)

    def is_low(yes: int) -> bool:  # so few that as many as these are hardly drawn
        return float(hypergeom.sf(num_yes - 1, num_all, yes, num_sampled)) < refused

    def is_high(yes: int) -> bool:  # so many that as few as these are hardly drawn
        return float(hypergeom.cdf(num_yes, num_all, yes, num_sampled)) < refused

    numbers = range(least, most + 1)
    low = numbers[bisect_left(numbers, True, key=lambda yes: not is_low(yes))]
    high = numbers[bisect_left(numbers, True, key=is_high) - 1]
    return low / num_all, high / num_all
