"""Prediction-powered inference for means and regression coefficients.

The estimating equations of Angelopoulos, Bates, Fannjiang, Jordan and Zrnic (Science 2023) with the power tuning of
PPI++ (Angelopoulos, Duchi and Zrnic, arXiv:2311.01453), extended by design weights on the reviewed documents: the
model's answers on all documents, and a correction from those that were reviewed. With `tuning` 0 it is the classical
weighted estimate from the reviewed documents alone, with the sandwich variance (Huber 1967; White 1980).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from glane.assess.clusters import sums_by_cluster
from glane.assess.proportion import left_over

Floats = NDArray[np.float64]
Link = Literal["identity", "logit"]
_MAX_STEPS = 100
_SYMMETRIC = 1e-6  # a skewness that changes nothing
_MOST_TUNING = 3.0  # above 1 where the model's numbers vary less than the true ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Documents of a regression: covariates (n, p), outcomes (n), and whether each outcome is there (n, 0 or 1).

    An outcome that is not there (a null) is a 0 that weighs nothing.
    """

    covariates: Floats
    outcome: Floats
    present: Floats

    def gradients(self, coefficients: Floats, link: Link) -> Floats:
        """The derivative of each row's loss by the coefficients, (n, p)."""
        residual = self.present * (_mean(self.covariates @ coefficients, link) - self.outcome)
        return self.covariates * residual[:, None]

    def hessian(self, coefficients: Floats, link: Link, weights: Floats) -> Floats:
        """The mean second derivative of the loss, (p, p); weights have sum 1."""
        mean = _mean(self.covariates @ coefficients, link)
        spread = mean * (1 - mean) if link == "logit" else np.ones_like(mean)
        found: Floats = self.covariates.T @ (self.covariates * (weights * spread * self.present)[:, None])
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """The documents of a run as units of a sample: arrays of its length."""

    reviewed: NDArray[np.bool_]  # in the order of the reviewed rows
    clusters: NDArray[np.int64] | None = None  # numbers from 0; None: each document by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Coefficients, their covariance, and how far the model's answers were trusted (1: as they are)."""

    coefficients: Floats
    covariance: Floats
    tuning: float
    degrees: float  # of freedom of the reviewed documents
    gold_variance: Floats  # of each coefficient, times the reviewed documents, before a finite population correction
    run_variance: Floats  # of each coefficient, from the run's own size
    skewness: Floats  # of each coefficient: a mean of n documents has that of one divided by the root of n

    def limits(self, level: float) -> tuple[Floats, Floats]:
        """Two-sided limits of each coefficient, by Student's t: the reviewed documents may be few.

        They follow the skewness of what documents add, by Hall's monotone transformation (JRSS B 1992): the mean of
        lengths of stay, say, is more often far below the truth than far above it.
        """
        quantile = float(stats.t.ppf((1 + level) / 2, self.degrees))
        spread = np.sqrt(np.diag(self.covariance))
        below, above = (_unskewed(sign * quantile, self.skewness) for sign in (1, -1))
        return self.coefficients - spread * below, self.coefficients - spread * above


def _unskewed(quantile: float, skewness: Floats) -> Floats:
    """The quantile of a studentised sum of this skewness, from that of a symmetric one."""
    safe = np.where(np.abs(skewness) < _SYMMETRIC, 1.0, skewness)
    found = 3 / safe * (np.cbrt(1 + safe * (quantile - safe / 6)) - 1)
    return np.where(np.abs(skewness) < _SYMMETRIC, quantile, found)


class NotEstimableError(Exception):
    """The equations have no solution: covariates that repeat each other, or outcomes that they separate."""


def fit(
    gold: Rows,
    predicted: Rows,
    weights: Floats,
    run: Rows,
    *,
    link: Link,
    tuning: float | None = None,
    is_finite: bool = False,
    units: Units | None = None,
) -> Fit:
    """Fit the coefficients; for a mean, the covariates are a column of ones.

    Args:
        gold: the reviewed documents with their true outcomes.
        predicted: the same documents with the model's outcomes.
        weights: of the reviewed documents, inverse inclusion probabilities up to a factor.
        run: all documents, reviewed or not, with the model's outcomes. Those that were not reviewed would not do: a
            sample with unequal probabilities leaves a rest that is not like the run.
        link: "identity" for means and linear regression, "logit" for logistic regression.
        tuning: how far the model's answers are trusted; None chooses what makes the variance smallest.
        is_finite: whether the coefficients are those of the run alone; otherwise the run is itself a sample.
        units: which documents of the run were reviewed, and which go together; None for a run that holds none of the
            reviewed documents.

    Raises:
        NotEstimableError: if there is no solution.
    """
    share = weights / weights.sum()
    if tuning is not None:
        return _fit(gold, predicted, share, run, link, tuning, is_finite, units)
    first = _fit(gold, predicted, share, run, link, 0.0, is_finite, units)  # any consistent start with a solution
    best = _best_tuning(gold, predicted, share, run, link, first)
    return _fit(gold, predicted, share, run, link, best, is_finite, units)


def _fit(
    gold: Rows, predicted: Rows, share: Floats, run: Rows, link: Link, tuning: float, is_finite: bool,
    units: Units | None,
) -> Fit:  # fmt: skip
    coefficients = np.zeros(gold.covariates.shape[1])
    if tuning:
        coefficients = _solve(gold, predicted, share, run, link, 0.0, coefficients)
    coefficients = _solve(gold, predicted, share, run, link, tuning, coefficients)
    inverse = np.linalg.inv(_slope(gold, predicted, share, run, link, tuning, coefficients))
    n, p = gold.covariates.shape
    num_run = len(run.outcome)
    # The share sums to 1, so that share² times centred gradients is the linearised variance of a ratio of totals.
    errors = gold.gradients(coefficients, link) - tuning * predicted.gradients(coefficients, link)
    of_gold = share[:, None] * (errors - share @ errors) @ inverse.T * np.sqrt(n / max(n - p, 1))
    whole = (of_gold**2).sum(axis=0)
    of_gold = of_gold * np.sqrt(left_over(share, num_run if is_finite else None))[:, None]
    of_run = np.zeros((num_run, p))
    if tuning and not is_finite:
        gradients = run.gradients(coefficients, link)
        of_run = (gradients - gradients.mean(axis=0)) @ inverse.T * tuning / num_run
    added, degrees = _added(of_gold, of_run, units)
    covariance = added.T @ added
    variance = np.diag(covariance)
    return Fit(
        coefficients=coefficients,
        covariance=covariance,
        tuning=tuning,
        degrees=min(degrees, max(1.0, 1 / float(share @ share) - p)),
        gold_variance=whole * n,
        run_variance=(of_run**2).sum(axis=0),
        skewness=(added**3).sum(axis=0) / np.where(variance > 0, variance, 1.0) ** 1.5,
    )


def _added(of_gold: Floats, of_run: Floats, units: Units | None) -> tuple[Floats, float]:
    """What each independent unit adds to the coefficients, (units, p), with mean 0; and the degrees of freedom.

    A document that was reviewed adds in two ways, and those of one cluster go together (sandwich by cluster: Liang and
    Zeger, Biometrika 1986). The sum of squares is the covariance.
    """
    if units is None:
        return np.concatenate([of_gold, of_run]), math.inf
    added = of_run.copy()
    added[units.reviewed] += of_gold
    if units.clusters is None:
        return added, math.inf
    sums = sums_by_cluster(added, units.clusters)
    # Only clusters that add anything are observations: of the run's own figure, those with a reviewed document.
    seen = int((sums != 0).any(axis=1).sum())
    return sums * math.sqrt(seen / max(seen - 1, 1)), float(max(seen - 1, 1))


def _solve(gold: Rows, predicted: Rows, share: Floats, run: Rows, link: Link, tuning: float, start: Floats) -> Floats:
    """Newton's method on the corrected gradient."""
    coefficients = start
    for _ in range(_MAX_STEPS):
        gradient = share @ gold.gradients(coefficients, link)
        if tuning:
            of_model = run.gradients(coefficients, link).mean(axis=0)
            gradient = gradient + tuning * (of_model - share @ predicted.gradients(coefficients, link))
        slope = _slope(gold, predicted, share, run, link, tuning, coefficients)
        try:
            step = np.linalg.solve(slope, gradient)
        except np.linalg.LinAlgError:
            raise NotEstimableError("covariates repeat each other") from None
        if _condition(slope) > 1e12:
            raise NotEstimableError("covariates repeat each other, or separate the outcomes")
        coefficients = coefficients - step
        if not np.isfinite(coefficients).all() or (link == "logit" and np.abs(coefficients).max() > 1e6):
            break
        if np.abs(step).max() < 1e-9 * (1 + np.abs(coefficients).max()):
            return coefficients
    raise NotEstimableError("no solution found: the covariates may separate the outcomes")


def _slope(
    gold: Rows, predicted: Rows, share: Floats, run: Rows, link: Link, tuning: float, coefficients: Floats
) -> Floats:
    slope = gold.hessian(coefficients, link, share)
    if tuning:
        even = np.full(len(run.outcome), 1 / len(run.outcome))
        of_model = run.hessian(coefficients, link, even) - predicted.hessian(coefficients, link, share)
        slope = slope + tuning * of_model
    return slope


def _condition(slope: Floats) -> float:
    """The condition of the equations, whatever the units of the covariates: a year beside an age is no repetition."""
    scale = np.sqrt(np.abs(np.diag(slope)))
    if not (scale > 0).all() or not np.isfinite(slope).all():
        return float("inf")
    return float(np.linalg.cond(slope / np.outer(scale, scale)))


def _best_tuning(gold: Rows, predicted: Rows, share: Floats, run: Rows, link: Link, first: Fit) -> float:
    """The tuning that makes the sum of the coefficients' variances smallest, within 0 and _MOST_TUNING.

    Proposition 2 of PPI++ without its factor 1 + n/N, which is for a run that does not hold the reviewed documents.
    """
    inverse = np.linalg.inv(_slope(gold, predicted, share, run, link, 0.0, first.coefficients))
    true, modelled = gold.gradients(first.coefficients, link), predicted.gradients(first.coefficients, link)
    true = share[:, None] * (true - share @ true)
    modelled = share[:, None] * (modelled - share @ modelled)
    both = true.T @ modelled
    wanted = np.trace(inverse @ (both + both.T) @ inverse.T) / 2
    cost = np.trace(inverse @ (modelled.T @ modelled) @ inverse.T)
    return float(np.clip(wanted / cost, 0.0, _MOST_TUNING)) if cost > 0 else 0.0


def _mean(linear: Floats, link: Link) -> Floats:
    if link == "identity":
        return linear
    found: Floats = 0.5 * (1 + np.tanh(linear / 2))
    return found
