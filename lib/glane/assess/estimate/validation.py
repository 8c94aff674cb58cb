"""How well the model's yes tells the true one: the validation sheet of a finding or a case definition."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.estimate.clustered import clustering
from glane.assess.estimate.question import GOLD, GROUP, MODEL, REVIEWED, STRATUM, WEIGHT, Question
from glane.assess.estimate.record import GroupValidation, Validation, ValidationFigure
from glane.assess.proportion import share, wilson
from glane.assess.strata import Strata, drawn_within, share_among_known, share_within, strata_of

_DRAWS_SEED = 0


def validation_of(rows: pl.DataFrame, question: Question) -> Validation | None:
    """Sensitivity, specificity, predictive values and likelihood ratios in the reviewed documents; None without any.

    Weights make them those of the run. Limits are Wilson's, as those of an evaluation, or follow the strata of the
    review; clusters make them as many times wider as the interval of the figure. Likelihood ratios are quantiles of
    draws (Dirichlet, Jeffreys').

    Args:
        rows: of `glane.assess.estimate.question.joined_rows`.
        question: theirs.
    """
    seen = rows.filter(pl.col(REVIEWED))
    if seen.is_empty():
        return None
    truth, said = (seen[name].cast(pl.Boolean).to_numpy() for name in (GOLD, MODEL))
    weights = seen[WEIGHT].to_numpy()
    strata = strata_of(seen[STRATUM], weights)
    widening = clustering(rows, question).widening

    def figure(hits: NDArray[np.bool_], of: NDArray[np.bool_], *, is_known: bool = False) -> ValidationFigure:
        if not of.any():
            return ValidationFigure(value=None, low=None, high=None, num=0)
        if strata.any():
            within = share_among_known if is_known else share_within
            value, low, high = within(hits, of, weights, strata, level=question.level)
        else:
            known = share(hits[of].astype(np.float64), weights[of])
            value, (low, high) = known.value, wilson(known, question.level)
        low, high = value - widening * (value - low), value + widening * (high - value)
        return ValidationFigure(value=value, low=max(0.0, low), high=min(1.0, high), num=int(of.sum()))

    unknown = ValidationFigure(value=None, low=None, high=None, num=len(truth))
    positive = negative = unknown
    if strata.any() or np.ptp(weights) <= 1e-9 * weights.max():  # draws know strata, and no weights within them
        positive, negative = _likelihood_ratios(truth, said, weights, strata, question.level, widening)
    return Validation(
        true_positive=int((truth & said).sum()), false_positive=int((~truth & said).sum()),
        false_negative=int((truth & ~said).sum()), true_negative=int((~truth & ~said).sum()),
        sensitivity=figure(said, truth), ppv=figure(truth, said, is_known=True), specificity=figure(~said, ~truth),
        npv=figure(~truth, ~said, is_known=True), lr_positive=positive, lr_negative=negative,
    )  # fmt: skip


def validation_by_group(rows: pl.DataFrame, question: Question) -> tuple[GroupValidation, ...]:
    """`validation_of` in each group with a reviewed document; none without `by`, or of periods: they are too many."""
    if question.by is None or question.every is not None:
        return ()
    parts = sorted(rows.group_by([GROUP]), key=lambda pair: (pair[0][0] is None, pair[0][0]))
    found = ((group, validation_of(part, question)) for (group,), part in parts)
    return tuple(GroupValidation(group=group, validation=one) for group, one in found if one is not None)


def _likelihood_ratios(
    truth: NDArray[np.bool_], said: NDArray[np.bool_], weights: NDArray[np.float64], strata: Strata, level: float,
    widening: float,
) -> tuple[ValidationFigure, ValidationFigure]:  # fmt: skip
    """Sensitivity / (1 - specificity), and (1 - sensitivity) / specificity."""
    cells = np.stack([truth & said, truth & ~said, ~truth & said, ~truth & ~said])
    drawn = drawn_within(cells, weights, strata)  # (draws, 4)
    sums = (cells * weights).sum(axis=1)

    def ratios(tp: NDArray[np.float64], fn: NDArray[np.float64], fp: NDArray[np.float64], tn: NDArray[np.float64]):  # type: ignore[no-untyped-def]
        with np.errstate(divide="ignore", invalid="ignore"):
            return tp / (tp + fn) / (fp / (fp + tn)), fn / (tp + fn) / (tn / (fp + tn))

    found = []
    for value, draws in zip(ratios(*sums), ratios(*drawn.T), strict=True):
        low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
        is_known = bool(np.isfinite(value))
        middle = float(value) if is_known else float(np.median(draws))
        wide = [float(middle * (end / middle) ** widening) if middle > 0 else float(end) for end in (low, high)]
        found.append(
            ValidationFigure(value=float(value) if is_known else None, low=wide[0], high=wide[1], num=len(truth))
        )
    return found[0], found[1]
