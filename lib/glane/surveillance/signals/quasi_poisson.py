"""A regression of counts with a logarithmic link and variance φ·μ, by iteratively reweighted least squares."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
_ROUNDS, _CLOSE = 25, 1e-8


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A fitted model of n counts and p columns."""

    coefficients: Floats  # (p,)
    unscaled: Floats  # (p, p): the covariance over the dispersion
    fitted: Floats  # (n,)
    hat: Floats  # (n,): the leverages
    dispersion: float  # Pearson's, not bounded below


def fitted(counts: Floats, design: Floats, weights: Floats) -> Fit | None:
    """Fit a model; None if it does not converge, as where a column has nothing but zeros.

    Args:
        counts: (n,), none below 0.
        design: (n, p), of full rank.
        weights: (n,), of the observations.
    """
    mean = counts + 0.1
    linear, deviance = np.log(mean), np.inf
    for _ in range(_ROUNDS):
        working = weights * mean
        answer = linear + (counts - mean) / mean
        root = np.sqrt(working)
        coefficients, *_, rank, _ = np.linalg.lstsq(design * root[:, None], answer * root, rcond=None)
        if rank < design.shape[1]:
            return None
        linear = design @ coefficients
        with np.errstate(over="ignore"):
            mean = np.exp(linear)
        if not np.isfinite(mean).all() or (mean <= 0).any():
            return None
        former, deviance = deviance, _deviance(counts, mean, weights)
        if abs(deviance - former) < _CLOSE * (abs(deviance) + 0.1):
            return _told(counts, design, working, coefficients, mean)
    return None


def _told(counts: Floats, design: Floats, working: Floats, coefficients: Floats, mean: Floats) -> Fit:
    """What is told of a fit, with the working weights that the last round had, as R's `glm` keeps them."""
    unscaled: Floats = np.linalg.inv(design.T @ (design * working[:, None])).astype(np.float64)
    left = int((working > 0).sum()) - design.shape[1]
    return Fit(
        coefficients=coefficients,
        unscaled=unscaled,
        fitted=mean,
        hat=working * np.einsum("ij,jk,ik->i", design, unscaled, design),
        dispersion=float((working * ((counts - mean) / mean) ** 2).sum() / left) if left > 0 else np.nan,
    )


def _deviance(counts: Floats, mean: Floats, weights: Floats) -> float:
    logs = np.zeros(len(counts))
    above = counts > 0
    logs[above] = counts[above] * np.log(counts[above] / mean[above])
    return float(2 * (weights * (logs - (counts - mean))).sum())
