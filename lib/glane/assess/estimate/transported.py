"""Figures of a run of which nothing was reviewed, by the error rates of an earlier review."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from glane.assess.estimate.error_rates import ErrorRatesRecord, mean_of_yes
from glane.assess.estimate.notes import note
from glane.assess.estimate.question import MODEL, Question
from glane.assess.estimate.record import Estimate
from glane.assess.estimate.shares import poisson
from glane.assess.estimate.tables import Basis
from glane.assess.proportion import ErrorRates, Interval, Share, rogan_gladen
from glane.errors import DataError

TRANSPORTED = "transported"


def basis_of_rates(rows: pl.DataFrame, question: Question, known: ErrorRatesRecord) -> Basis:
    """The model's share of yes, corrected by Rogan and Gladen, with the limits of Lang and Reiczigel.

    Raises:
        DataError: if the rates are of another field or value, or those of a model that knows nothing.
    """
    if (known.field, known.value, known.case) != (question.field, question.value, question.case):
        raise DataError(
            f"error_rates: of {known.case or f'{known.field} = {known.value}'}, and "
            f"{question.case or f'{question.field} = {question.value}'} is asked."
        )
    rates = ErrorRates(
        sensitivity=Share(value=known.sensitivity, num_effective=known.num_yes),
        specificity=Share(value=1 - known.false_positive_rate, num_effective=known.num_no),
        fewest=int(min(known.num_yes, known.num_no)),
    )
    run_share, num_run = mean_of_yes(rows[MODEL]), rows.height
    found = rogan_gladen(rates, run_share=run_share, num_run=num_run, level=question.level)
    if found is None:
        raise DataError("error_rates: sensitivity + specificity is not above 1: the model's answers tell nothing.")
    shown = poisson(found, num_run, question.level) if question.is_process_count else found
    factor = num_run if question.what == "count" else 1
    line = Estimate(
        group=None, term=None, estimate=factor * shown.estimate, low=factor * shown.low, high=factor * shown.high,
        method=TRANSPORTED, n_gold=0, n_run=num_run, model=factor * run_share, tuning=None,
        note=note("elsewhere", num=known.reviewed, runs=", ".join(known.runs)),
    )  # fmt: skip
    total = Interval(estimate=num_run * found.estimate, low=num_run * found.low, high=num_run * found.high)
    return Basis(rates=known.rates(), total=total, line=replace(line), method=TRANSPORTED)
