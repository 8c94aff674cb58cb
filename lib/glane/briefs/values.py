"""The value of a measure: counted in rows of documents, corrected where a review tells how the model errs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import stats

from glane.briefs.change import rate_ratio
from glane.briefs.record import Measure, Value
from glane.surveillance.rates import rate_limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many documents, or persons."""

    cases: int
    whole: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """The corrected number of cases, with its limits, and the documents that were reviewed for it."""

    estimate: float | None
    low: float | None
    high: float | None
    reviewed: int
    reviewed_here: int | None = None  # of these, in the filter of the figure; None where that is uncertain


def counts(rows: pl.DataFrame, is_case: pl.Series, is_there: pl.Series, person: Sequence[str]) -> Counts:
    """Count documents, or persons by their columns: a document that names none is one of its own."""
    return Counts(cases=_num(rows.filter(is_case), person), whole=_num(rows.filter(is_there), person))


def _num(rows: pl.DataFrame, person: Sequence[str]) -> int:
    if not person:
        return rows.height
    named = rows.select(person).drop_nulls()
    return named.n_unique() + rows.height - named.height if named.height else rows.height


def value_of(
    measure: Measure,
    now: Counts,
    *,
    before: Counts | None = None,
    numbers: pl.Series | None = None,
    corrected: Corrected | None = None,
) -> Value:
    """The value of a measure.

    Args:
        measure: What is measured.
        now: What was counted.
        before: Of a ratio: in the period before.
        numbers: Of a median: the values of the cases.
        corrected: What a review makes of the number of cases, for a count, a share or a rate.
    """
    base = Value(value=None, model=None, counted=now.cases, documents=now.whole)
    if measure.kind == "ratio":
        assert before is not None
        found = rate_ratio(now.cases, now.whole, before.cases, before.whole, level=measure.level)
        update = {
            "value": found.ratio, "low": found.low, "high": found.high, "p": found.p, "model": found.ratio,
            "before": before.cases, "documents_before": before.whole,
        }  # fmt: skip
        return base.model_copy(update=update)
    if measure.kind == "median":
        assert numbers is not None
        return base.model_copy(update=_median(numbers, measure.level))
    factor = _factor(measure, now)
    model = None if factor is None else now.cases * factor
    if corrected is None:
        return base.model_copy(update={"value": model, "model": model} | _limits(measure, now, factor))
    told = {"value": corrected.estimate, "low": corrected.low, "high": corrected.high}
    scaled = {key: None if one is None or factor is None else one * factor for key, one in told.items()}
    reviewed = {"reviewed": corrected.reviewed, "reviewed_here": corrected.reviewed_here}
    return base.model_copy(update={**scaled, "model": model, **reviewed})


def _factor(measure: Measure, now: Counts) -> float | None:
    """What a number of cases is multiplied by."""
    if measure.kind == "share":
        return 1 / now.whole if now.whole else None
    if measure.kind == "rate":
        assert measure.people is not None
        assert measure.per is not None
        return measure.per / measure.people
    return 1.0


def _limits(measure: Measure, now: Counts, factor: float | None) -> dict[str, float]:
    """Of a rate, the exact limits of a Poisson count; a count and a share of documents that are all there have none."""
    if measure.kind != "rate" or factor is None:
        return {}
    rate = np.array([now.cases * factor])
    low, high = rate_limits(rate, rate * factor, np.array([factor]), level=measure.level)
    return {"low": float(low[0]), "high": float(high[0])}


def _median(numbers: pl.Series, level: float) -> dict[str, float | int | None]:
    """The median with limits that hold for every distribution: two of the values, by their binomial ranks."""
    values = np.sort(numbers.drop_nulls().cast(pl.Float64).drop_nans().to_numpy())
    num = len(values)
    if not num:
        return {"value": None, "model": None, "counted": 0}
    rank = int(stats.binom.ppf((1 - level) / 2, num, 0.5))
    ends = {"low": float(values[rank - 1]), "high": float(values[num - rank])} if rank >= 1 else {}
    middle = float(np.median(values))
    return {"value": middle, "model": middle, "counted": num, **ends}
