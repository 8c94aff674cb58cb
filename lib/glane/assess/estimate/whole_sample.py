"""Whether a reviewed sample still stands for its run: what was drawn with known probabilities adds up to it.

The inverse inclusion probabilities of a sample add up to the number of documents that it was drawn from: exactly where
it was drawn by strata, and but for chance otherwise (Horvitz and Thompson, JASA 1952). A sample that has lost a stratum
does not, and its figures are those of the other strata.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.sampling import PROBABILITY, STRATUM, WEIGHT, WHOLE
from glane.errors import DataError, told

LEAST_WEIGHT, MOST_WEIGHT = 1e-9, 1e12  # beyond, squares and sums of weights lose their digits
_TOLERANCE = 0.02  # of the run: a few documents whose ids changed, or that failed in this run
_EXACT_TOLERANCE = 0.005  # the same, where chance has no part in the sum: a small stratum may be all of the cases
_STANDARD_ERRORS = 4.0


def check_range(weights: pl.Series, name: str) -> None:
    """Check that weights are numbers that can be calculated with.

    Raises:
        DataError: for one that is no number above 0, or is out of all proportion.
    """
    if weights.null_count() or not weights.is_finite().all() or not (weights > 0).all():
        raise DataError(f"gold: {name!r} must be a number above 0 in every row.")
    if not weights.is_between(LEAST_WEIGHT, MOST_WEIGHT).all():
        numbers = weights.to_numpy()
        raise DataError(
            f"gold: {name!r} has weights from {numbers.min():.3g} to {numbers.max():.3g}. A weight says for how many "
            f"documents one stands: between {LEAST_WEIGHT:g} and {MOST_WEIGHT:g}."
        )


def check_whole(gold: pl.DataFrame, *, num_usable: int, is_part: bool = False) -> None:
    """Check that a sample with strata or unequal probabilities adds up to the run that it was drawn from.

    Nothing is checked of a simple random sample, or of weights without probabilities: their scale is anybody's. A
    sample may stand for more than the run: for what the run's documents were drawn from.

    Args:
        gold: one row per reviewed document of the run.
        num_usable: documents of the run with values, from which reviews are drawn.
        is_part: whether some reviewed documents are not in the run: then chance has a part in the sum.

    Raises:
        DataError: if it stands for fewer documents.
    """
    chances = _chances(gold)
    if chances is None or not len(chances):
        return
    weights = 1 / chances
    strata = _strata(gold)
    is_simple = STRATUM not in gold.columns or gold[STRATUM].cast(pl.String).eq(WHOLE).all()
    if is_simple and np.ptp(weights) <= 1e-9 * weights.max():
        return
    total = float(weights.sum())
    error = _STANDARD_ERRORS * _standard_error(weights, strata, is_part=is_part)
    tolerance = _TOLERANCE if error > 0 else _EXACT_TOLERANCE
    if total >= num_usable * (1 - tolerance) - error:
        return
    names = gold[STRATUM].cast(pl.String).unique().sort().to_list() if STRATUM in gold.columns else []
    known = f" Its strata: {', '.join(told(str(name)) for name in names[:8])}." if names else ""
    raise DataError(
        f"gold: by their {PROBABILITY}, its {len(weights)} documents stand for {total:.0f} documents, and the run has "
        f"{num_usable} usable ones: reviewed documents are missing, as those of a stratum, and figures would be of the "
        f"rest.{known} Give the right answers whole, as glane review wrote them of this run. If another sample is "
        f"meant, give its weights as {WEIGHT!r}, and no {PROBABILITY!r}."
    )


def _chances(gold: pl.DataFrame) -> NDArray[np.float64] | None:
    """The inclusion probabilities, where these are what weighs; None where other weights stand beside them."""
    if PROBABILITY not in gold.columns:
        return None
    chances = gold[PROBABILITY].cast(pl.Float64, strict=False).to_numpy()
    if not (np.isfinite(chances).all() and ((chances > 0) & (chances <= 1)).all()):
        return None
    if WEIGHT in gold.columns:
        weights = gold[WEIGHT].cast(pl.Float64, strict=False).to_numpy()
        if not np.allclose(weights * chances, 1, rtol=1e-6, atol=0):
            return None
    return chances


def _strata(gold: pl.DataFrame) -> NDArray[np.int64]:
    if STRATUM not in gold.columns:
        return np.zeros(gold.height, np.int64)
    names = gold[STRATUM].cast(pl.String).fill_null(WHOLE).to_list()
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    return np.array([numbers[name] for name in names], np.int64)


def _standard_error(weights: NDArray[np.float64], strata: NDArray[np.int64], *, is_part: bool) -> float:
    """Of the sum of weights: none within strata of equal weights, that of draws with unequal ones otherwise."""
    if is_part:
        return float(np.sqrt((weights**2).sum()))
    variance = 0.0
    for one in np.unique(strata):
        inside = weights[strata == one]
        variance += len(inside) * float(inside.var())
    return float(np.sqrt(variance))
