"""Calibration: from a model's confidence to the probability that a value is right, fitted on judged values."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GroupKFold

from glane.assess.proportion import Share, wilson

Floats = NDArray[np.float64]
Method = Literal["platt", "isotonic", "constant"]

MIN_VALUES, MIN_OF_EACH = 50, 5  # judged values of a field, and right and wrong ones among them, for a curve of its own
_FOLDS = 5
_CHANCE_DRAWS = 200
_EDGE = 1e-6  # confidences are kept this far from 0 and 1 on the logit scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrator:
    """A curve from confidence to probability: `y` at the confidences `x`, straight between them.

    Platt's curve is straight on the logit scale; its `x` and `y` hold slope and intercept instead.
    """

    method: Method
    x: tuple[float, ...]
    y: tuple[float, ...]

    def apply(self, confidence: Floats) -> Floats:
        """The probabilities of being right."""
        found: Floats
        if self.method == "platt":
            found = 1 / (1 + np.exp(-(self.x[0] * _logit(confidence) + self.y[0])))
        else:
            found = np.interp(confidence, self.x, self.y)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """The calibrator of a field, how it was chosen, and what it gave on documents that it had not seen."""

    calibrator: Calibrator
    log_losses: dict[str, float]  # cross-validated, by method; empty where none was compared
    unseen: Floats | None  # cross-validated probability of each judged value; None where none was compared


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """A bin of judged values: their number, mean probability, and share of right ones with its Wilson interval."""

    count: int
    confidence: float  # mean
    right: float  # share
    low: float
    high: float


def has_enough(correct: Floats) -> bool:
    """Whether a field's judged values carry a curve of their own."""
    num_right = int(correct.sum())
    return len(correct) >= MIN_VALUES and min(num_right, len(correct) - num_right) >= MIN_OF_EACH


def calibrate(confidence: Floats, correct: Floats, documents: Sequence[object], *, seed: int = 0) -> Calibrated:
    """Fit Platt scaling and isotonic regression, and keep the one with the smaller cross-validated log loss.

    Platt (1999), with his smoothed targets, on the logit of the confidence; isotonic regression after Zadrozny and
    Elkan (KDD 2002), kept from 0 and 1. The folds are made of documents, since the values of one document err together.
    With too few values (`has_enough`) the curve is flat at (right + 1) / (values + 2).

    Args:
        confidence: of each judged value, 0 to 1.
        correct: whether it was right, 0 or 1.
        documents: the document of each value.
        seed: of the folds.
    """
    groups = np.unique(np.asarray([str(one) for one in documents]), return_inverse=True)[1]
    num_documents = int(groups.max()) + 1 if len(groups) else 0
    if not has_enough(correct) or num_documents < _FOLDS:
        return Calibrated(calibrator=_constant(correct), log_losses={}, unseen=None)
    fits = {"platt": _platt, "isotonic": _isotonic}
    unseen = {name: np.empty_like(confidence) for name in fits}
    folds = GroupKFold(n_splits=_FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(confidence, groups=groups):
        for name, fit in fits.items():
            unseen[name][test] = fit(confidence[train], correct[train]).apply(confidence[test])
    losses = {name: float(log_loss(correct, values, labels=[0.0, 1.0])) for name, values in unseen.items()}
    best = min(losses, key=lambda name: losses[name])
    return Calibrated(calibrator=fits[best](confidence, correct), log_losses=losses, unseen=unseen[best])


def reliability(promised: Floats, correct: Floats, *, num_bins: int = 10) -> list[Bin]:
    """Judged values in bins of equal number, from the least confidence to the greatest."""
    order = np.argsort(promised, kind="stable")
    found = []
    for part in np.array_split(order, min(num_bins, len(order))):
        right = float(correct[part].mean())
        low, high = wilson(Share(value=right, num_effective=len(part)), 0.95)
        found.append(Bin(count=len(part), confidence=float(promised[part].mean()), right=right, low=low, high=high))
    return found


def expected_calibration_error(bins: Sequence[Bin]) -> float:
    """The expected calibration error (Naeini, Cooper and Hauskrecht, AAAI 2015), here over bins of equal number."""
    total = sum(one.count for one in bins)
    return sum(one.count * abs(one.confidence - one.right) for one in bins) / total


def chance_calibration_error(promised: Floats, *, num_bins: int = 10, seed: int = 0) -> float:
    """What the expected calibration error is on average if every probability is true.

    It is far from 0 for few values: each bin's share of right ones strays from what was promised by chance alone. Mean
    of draws of right and wrong from the probabilities themselves, in the same bins (the consistency resampling of
    Bröcker and Smith, Weather and Forecasting 2007).
    """
    ordered = np.sort(promised)
    sizes = [len(part) for part in np.array_split(ordered, min(num_bins, len(ordered)))]
    starts = np.cumsum([0, *sizes[:-1]])
    drawn = np.random.default_rng(seed).random((_CHANCE_DRAWS, len(ordered))) < ordered
    apart = np.add.reduceat(drawn - ordered, starts, axis=1)
    return float(np.abs(apart).sum(axis=1).mean() / len(ordered))


def _platt(confidence: Floats, correct: Floats) -> Calibrator:
    num_right, num_wrong = correct.sum(), len(correct) - correct.sum()
    target = np.where(correct == 1, (num_right + 1) / (num_right + 2), 1 / (num_wrong + 2))
    # scikit-learn takes no soft targets: each value stands twice, as right and as wrong, with the target as its weight.
    scores = np.tile(_logit(confidence), 2)[:, None]
    labels = np.repeat([1, 0], len(correct))
    model = LogisticRegression(C=1e6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that stops early still makes a curve, and is compared with the other
        model.fit(scores, labels, sample_weight=np.concatenate([target, 1 - target]))
    slope, intercept = float(model.coef_[0, 0]), float(model.intercept_[0])
    if slope <= 0:  # more confidence must not mean less
        return _constant(correct)
    return Calibrator(method="platt", x=(slope,), y=(intercept,))


def _isotonic(confidence: Floats, correct: Floats) -> Calibrator:
    edge = 1 / (len(correct) + 2)
    model = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip").fit(confidence, correct)
    x, y = model.X_thresholds_, model.y_thresholds_
    return Calibrator(method="isotonic", x=tuple(map(float, x)), y=tuple(map(float, y)))


def _constant(correct: Floats) -> Calibrator:
    share = (float(correct.sum()) + 1) / (len(correct) + 2)
    return Calibrator(method="constant", x=(0.0, 1.0), y=(share, share))


def _logit(confidence: Floats) -> Floats:
    kept = np.clip(confidence, _EDGE, 1 - _EDGE)
    found: Floats = np.log(kept / (1 - kept))
    return found
