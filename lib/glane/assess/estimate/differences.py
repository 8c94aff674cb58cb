"""How far groups differ from the error rates that they share: what the review of each says beyond these.

Differences are shrunk by how far groups differ at all, and that is averaged over a grid (see `pooled`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from glane.assess.estimate.groups import LEAST, Floats, Groups, Rates, predictive

_SPREADS = np.array([0.1, 0.2, 0.4, 0.8, 1.6])  # how far groups may differ: standard deviations, relative
_LIKELY = 0.1  # scale of their half-normal prior for periods; of hospitals and the like nothing is presumed
_NEAR = 3  # periods whose distance is this part of the series are still alike
_OWN = 0.15  # the part of that variance which a period shares with no other


@dataclass(frozen=True, slots=True, kw_only=True)
class Residuals:
    """What the review of each group says beyond the shared error rates, in documents of the group; arrays (G,)."""

    found: Floats
    variance: Floats  # under shared rates; 0 without a reviewed document
    base: Floats  # documents to which differences between groups are relative
    after_yes: Floats  # predictive values, one error added so that no rate is 0
    after_no: Floats


def residuals_of(groups: Groups, rates: Rates) -> Residuals:
    """Reviewed truth minus what the shared error rates make expected, by group."""
    sensitivity = (rates.sensitivity * rates.num_yes + 0.5) / (rates.num_yes + 1)
    false_positive = (rates.false_positive_rate * rates.num_no + 0.5) / (rates.num_no + 1)
    after_yes, after_no = predictive((groups.run_yes + 0.5) / (groups.num_run + 1), sensitivity, false_positive)
    found, variance = np.zeros_like(after_yes), np.zeros_like(after_yes)
    run_no = groups.num_run - groups.run_yes
    cells = ((groups.said_yes, groups.run_yes, after_yes), (groups.said_no, run_no, after_no))
    for cell, size, expected in cells:
        seen, num = cell.num_effective > 0, np.maximum(cell.num_effective, 1)
        chance = _one_more(expected, num)  # an expectation of 0 is none without noise
        found += np.where(seen, size * (cell.share - expected), 0)
        variance += np.where(seen, size**2 * chance * (1 - chance) / num, 0)
    expected_yes = groups.run_yes * after_yes + run_no * after_no
    overall = expected_yes.sum() / groups.num_run.sum()  # a group where the model sees nothing may have cases, too
    base = (expected_yes + groups.num_run * (false_positive + overall)) / 2
    return Residuals(
        found=found, variance=variance, base=np.maximum(base, LEAST), after_yes=after_yes, after_no=after_no
    )


def _one_more(rate: Floats, num: Floats) -> Floats:
    """Shares after one more document, half yes and half no."""
    return (rate * num + 0.5) / (num + 1)


def differences(groups: Groups, residuals: Residuals) -> Posterior:
    """How far each group differs from the shared rates, relative to its base."""
    told = residuals.variance > 0
    found = np.where(told, residuals.found / residuals.base, 0)
    noise = np.where(told, residuals.variance / residuals.base**2, 1e6)  # a group without review tells nothing
    if groups.is_ordered and len(found) > 1:
        apart = np.abs(np.subtract.outer(np.arange(len(found)), np.arange(len(found))))
        alike = (1 - _OWN) * np.exp(-apart * _NEAR / len(found)) + _OWN * np.eye(len(found))
        fits = [_together(found, noise, spread**2 * alike) for spread in _SPREADS]
    else:
        fits = [_apart(found, noise, spread**2) for spread in _SPREADS]
    evidence = np.array([fit.evidence for fit in fits])
    if groups.is_ordered:
        evidence -= 0.5 * (_SPREADS / _LIKELY) ** 2
    chances = np.exp(evidence - evidence.max())
    return Posterior(fits=tuple(fits), chances=chances / chances.sum())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """The normal posterior of the differences at one spread."""

    mean: Floats
    root: Floats  # (G, G), or (G,) where groups are independent: its square is the covariance
    evidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """The differences of all groups: fits at several spreads, and how likely each spread is."""

    fits: tuple[_Fit, ...]
    chances: Floats

    def mean(self) -> Floats:
        """The mean differences, (G,)."""
        found: Floats = np.sum([chance * fit.mean for chance, fit in zip(self.chances, self.fits, strict=True)], axis=0)
        return found

    def draw(self, rng: np.random.Generator, num: int) -> Floats:
        """Draws (num, G)."""
        which = rng.choice(len(self.fits), num, p=self.chances)
        drawn = np.empty((num, len(self.fits[0].mean)))
        for place, fit in enumerate(self.fits):
            noise = rng.standard_normal((int((which == place).sum()), len(fit.mean)))
            drawn[which == place] = fit.mean + (noise * fit.root if fit.root.ndim == 1 else noise @ fit.root.T)
        return drawn


def _together(found: Floats, noise: Floats, prior: Floats) -> _Fit:
    """Groups that tell of each other: Gaussian regression with known variances."""
    factor = np.linalg.cholesky(prior + np.diag(noise))
    whitened = np.linalg.solve(factor, np.column_stack([found, prior]))
    covariance = prior - whitened[:, 1:].T @ whitened[:, 1:]
    root = np.linalg.cholesky(covariance + 1e-10 * np.eye(len(found)))
    evidence = float(-0.5 * whitened[:, 0] @ whitened[:, 0] - np.log(np.diag(factor)).sum())
    return _Fit(mean=whitened[:, 1:].T @ whitened[:, 0], root=root, evidence=evidence)


def _apart(found: Floats, noise: Floats, prior: float) -> _Fit:
    """Exchangeable groups: each shrunk by itself."""
    whole = prior + noise
    evidence = float((-0.5 * found**2 / whole - 0.5 * np.log(whole)).sum())
    return _Fit(mean=found * prior / whole, root=np.sqrt(prior * noise / whole), evidence=evidence)
