"""Prediction-powered inference for means and regression coefficients.

The estimating equations of Angelopoulos, Bates, Fannjiang, Jordan and Zrnic (Science 2023) with the power tuning of
PPI++ (Angelopoulos, Duchi and Zrnic, arXiv:2311.01453), extended by design weights on the reviewed documents: the
model's answers on all documents, and a correction from those that were reviewed. With `tuning` 0 it is the classical
weighted estimate from the reviewed documents alone, with the sandwich variance (Huber 1967; White 1980).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from glane.assess.proportion import left_over

Floats = NDArray[np.float64]
Link = Literal["identity", "logit"]
_MAX_STEPS = 100


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
class Fit:
    """Coefficients, their covariance, and how far the model's answers were trusted (0 to 1)."""

    coefficients: Floats
    covariance: Floats
    tuning: float
    degrees: float  # of freedom of the reviewed documents
    gold_variance: Floats  # of each coefficient, times the reviewed documents, before a finite population correction
    run_variance: Floats  # of each coefficient, from the run's own size

    def limits(self, level: float) -> tuple[Floats, Floats]:
        """Two-sided limits of each coefficient, by Student's t: the reviewed documents may be few."""
        half = stats.t.ppf((1 + level) / 2, self.degrees) * np.sqrt(np.diag(self.covariance))
        return self.coefficients - half, self.coefficients + half


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

    Raises:
        NotEstimableError: if there is no solution.
    """
    share = weights / weights.sum()
    if tuning is not None:
        return _fit(gold, predicted, share, run, link, tuning, is_finite)
    first = _fit(
        gold, predicted, share, run, link, 0.0, is_finite
    )  # any consistent start will do, and this has a solution
    return _fit(gold, predicted, share, run, link, _best_tuning(gold, predicted, share, run, link, first), is_finite)


def _fit(
    gold: Rows, predicted: Rows, share: Floats, run: Rows, link: Link, tuning: float, is_finite: bool
) -> Fit:  # fmt: skip
    coefficients = np.zeros(gold.covariates.shape[1])
    if tuning:
        coefficients = _solve(gold, predicted, share, run, link, 0.0, coefficients)
    coefficients = _solve(gold, predicted, share, run, link, tuning, coefficients)
    inverse = np.linalg.inv(_slope(gold, predicted, share, run, link, tuning, coefficients))
    n, p = gold.covariates.shape
    # The share sums to 1, so that share² times centred gradients is the linearised variance of a ratio of totals.
    errors = gold.gradients(coefficients, link) - tuning * predicted.gradients(coefficients, link)
    scaled = share[:, None] * (errors - share @ errors)
    whole = inverse @ (scaled.T @ scaled * n / max(n - p, 1)) @ inverse.T
    scaled = scaled * np.sqrt(left_over(share, len(run.outcome) if is_finite else None))[:, None]
    of_gold = inverse @ (scaled.T @ scaled * n / max(n - p, 1)) @ inverse.T
    of_run = np.zeros_like(of_gold)
    if tuning and not is_finite:
        spread = np.cov(run.gradients(coefficients, link), rowvar=False).reshape(p, p)
        of_run = inverse @ spread @ inverse.T * tuning**2 / len(run.outcome)
    return Fit(
        coefficients=coefficients,
        covariance=of_gold + of_run,
        tuning=tuning,
        degrees=max(1.0, 1 / float(share @ share) - p),
        gold_variance=np.diag(whole) * n,
        run_variance=np.diag(of_run),
    )


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
    """The tuning that makes the sum of the coefficients' variances smallest, within 0 and 1.

    Proposition 2 of PPI++ without its factor 1 + n/N, which is for a run that does not hold the reviewed documents.
    """
    inverse = np.linalg.inv(_slope(gold, predicted, share, run, link, 0.0, first.coefficients))
    true, modelled = gold.gradients(first.coefficients, link), predicted.gradients(first.coefficients, link)
    true = share[:, None] * (true - share @ true)
    modelled = share[:, None] * (modelled - share @ modelled)
    both = true.T @ modelled
    wanted = np.trace(inverse @ (both + both.T) @ inverse.T) / 2
    cost = np.trace(inverse @ (modelled.T @ modelled) @ inverse.T)
    return float(np.clip(wanted / cost, 0.0, 1.0)) if cost > 0 else 0.0


def _mean(linear: Floats, link: Link) -> Floats:
    if link == "identity":
        return linear
    found: Floats = 0.5 * (1 + np.tanh(linear / 2))
    return found
