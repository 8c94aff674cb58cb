"""Selective acceptance: a threshold of confidence above which few values are wrong, with a guarantee.

Learn then Test (Angelopoulos, Bates, Candès, Jordan and Lei, 2021, arXiv:2110.01052): for each threshold, the
hypothesis that more than alpha of what it accepts is wrong is tested on judged values; thresholds are tested from the
highest down, and testing ends at the first that is not rejected (fixed-sequence testing), so that all those rejected
before hold together with probability 1 - delta.

The unit is the document: the risk is the share of wrong among a document's accepted values, on average over the
documents that have accepted values. For fields with one value per document that is the share of wrong values.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

Floats = NDArray[np.float64]
NUM_THRESHOLDS = 20
_ERRORS_AT_START = 2  # the first test can bear so many, or a single error would end the sequence
MIN_OTHERS = 100  # values that were not judged, for thresholds that do not depend on those that were


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """One threshold and its test."""

    threshold: float
    documents: int  # judged, with accepted values
    risk: float  # mean share of wrong among them
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The threshold of a field; None where no threshold is safe enough. Values of at least it are accepted."""

    threshold: float | None
    tested: tuple[Tested, ...]  # up to the first that failed


def binomial_p_value(num_wrong: int, num: int, alpha: float) -> float:
    """Probability of so few wrong among `num` if a share alpha were wrong: the test of Clopper and Pearson (1934)."""
    return float(binom.cdf(num_wrong, num, alpha)) if num else 1.0


def hoeffding_bentkus_p_value(risk: float, num: int, alpha: float) -> float:
    """The same for losses between 0 and 1 with mean `risk` (Bates, Angelopoulos, Lei, Malik and Jordan, JACM 2021)."""
    if not num or risk >= alpha:
        return 1.0
    bentkus = math.e * float(binom.cdf(math.ceil(num * risk - 1e-9), num, alpha))
    relative = (risk * math.log(risk / alpha) if risk > 0 else 0.0) + (1 - risk) * math.log((1 - risk) / (1 - alpha))
    return min(1.0, bentkus, math.exp(-num * relative))


def smallest_sample(alpha: float, delta: float, *, num_wrong: int = 0) -> int:
    """Documents that a test needs at least to pass with `num_wrong` wrong ones."""
    num = num_wrong + 1
    while binomial_p_value(num_wrong, num, alpha) > delta:
        num += max(1, num // 100)
    return num


def thresholds(others: Floats, *, num_documents: int, alpha: float, delta: float) -> list[float]:
    """Thresholds to test, from the highest: equal steps of the share of values that they accept, to all of them.

    They come from values that were not judged, and so do not depend on what the tests see. The first accepts enough
    documents for a test that can pass.

    Args:
        others: confidences of values that were not judged.
        num_documents: judged documents with values of this field.
        alpha: the share of wrong that is borne.
        delta: the probability of more that is borne, for this field.
    """
    wanted = smallest_sample(alpha, delta, num_wrong=_ERRORS_AT_START)
    if wanted > num_documents:
        wanted = smallest_sample(alpha, delta)
    first = min(1.0, wanted / max(num_documents, 1))
    shares = np.linspace(first, 1.0, NUM_THRESHOLDS if first < 1 else 1)
    found = np.quantile(others, 1 - shares[:-1], method="lower").tolist() if len(shares) > 1 else []
    return sorted({*map(float, found), 0.0}, reverse=True)


def select(
    confidence: Floats,
    correct: Floats,
    documents: Sequence[object],
    candidates: Sequence[float],
    *,
    alpha: float,
    delta: float,
    is_single: bool,
) -> Selection:
    """Return the lowest threshold that still holds.

    Args:
        confidence: of each judged value, 0 to 1.
        correct: whether it was right, 0 or 1.
        documents: the document of each value.
        candidates: thresholds, descending (`thresholds`).
        alpha: the share of wrong that is borne.
        delta: the probability of more that is borne.
        is_single: whether no document of the run, judged or not, has more than one value: the exact test then holds.
    """
    groups = np.unique(np.asarray([str(one) for one in documents]), return_inverse=True)[1]
    tested = []
    chosen = None
    for threshold in candidates:
        accepted = confidence >= threshold
        counts = np.bincount(groups[accepted])
        wrong = np.bincount(groups[accepted], weights=1 - correct[accepted])
        losses = wrong[counts > 0] / counts[counts > 0]
        num = len(losses)
        risk = float(losses.mean()) if num else 0.0
        p_value = (
            binomial_p_value(round(float(losses.sum())), num, alpha)
            if is_single
            else hoeffding_bentkus_p_value(risk, num, alpha)
        )
        tested.append(Tested(threshold=threshold, documents=num, risk=risk, p_value=p_value))
        if p_value > delta:
            break
        chosen = threshold
    return Selection(threshold=chosen, tested=tuple(tested))
