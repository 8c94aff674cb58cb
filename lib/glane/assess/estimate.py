"""Figures of a run, corrected by a reviewed sample: shares, counts, means and regression coefficients.

What a model extracts is wrong now and then, and not at random; a figure made of its answers alone is biased, however
many documents there are. The reviewed sample says by how much.

A yes is a document whose field has the value asked for, or, of a list, holds it. A document whose field is null says
no. Means and linear regressions are over the documents whose field is not null. The run's documents are taken as a
sample of the process that they come from; of a run that was reviewed for a large part, intervals are then too long.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.prediction_powered import Fit, NotEstimableError, Rows, fit
from glane.assess.proportion import (
    ErrorRates,
    Interval,
    error_rates,
    gold_only,
    prediction_powered,
    rogan_gladen,
)
from glane.assess.question import GOLD, GROUP, MODEL, REVIEWED, WEIGHT, Question, check, joined_rows
from glane.assess.sampling_plan import Plan, plan_mean, plan_share

Floats = NDArray[np.float64]
_LITTLE = 0.05  # a model trusted less than this does not help
_FEW_ROWS = 10  # reviewed documents of a mean, fewer than which a normal approximation is no use
_NO_GOLD = "no reviewed document here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One estimated figure. `estimate`, `low` and `high` are None where the sample cannot tell."""

    group: str | int | float | bool | datetime.date | None
    term: str | None  # of a regression: the covariate
    estimate: float | None
    low: float | None
    high: float | None
    method: str  # ppi, rogan_gladen or gold_only
    n_gold: int  # reviewed documents
    n_run: int  # documents of the run
    model: float | None  # the same figure from the model's answers alone
    tuning: float | None  # how far the model's answers count: 0 not at all
    rows_gold_only: int | None = None  # to review for the wanted half-width
    rows_ppi: int | None = None
    note: str | None = None


def estimate(run: pl.DataFrame, gold: pl.DataFrame, question: Question, *, id_column: str) -> list[Estimate]:
    """Estimate a figure of a run from the model's answers and a reviewed sample of its documents.

    Args:
        run: the usable rows, with the id, the field, and the columns `by` and `covariates`.
        gold: the reviewed documents, drawn from the run at random: the id, the field as it should be,
            and the weights of `with_weights`; without these all were equally likely.
        question: what is estimated.
        id_column: of both.

    Returns:
        One estimate, or one for each group or each term, in their order.

    Raises:
        ConfigError: for a column, value or method that does not fit.
        DataError: for a gold sample that does not fit the run.
    """
    if WEIGHT not in gold.columns:
        gold = gold.with_columns(pl.lit(1.0).alias(WEIGHT))
    check(run, gold, question, id_column)
    rows = joined_rows(run, gold, question, id_column)
    if question.what in ("linear", "logistic"):
        return _regression(rows, question)
    shared = _shared_rates(rows) if question.shared_error_rates else None
    found = []
    for (group,), part in sorted(rows.group_by([GROUP]), key=lambda pair: _order(pair[0][0])):
        one = _of_share(part, question, shared) if question.is_share else _of_mean(part, question)
        found.append(replace(one, group=group))
    return found


def as_table(found: Sequence[Estimate]) -> pl.DataFrame:
    """The estimates as a table, one row each."""
    names = list(Estimate.__dataclass_fields__)
    kinds: dict[str, type[pl.DataType]] = {
        "term": pl.String, "estimate": pl.Float64, "low": pl.Float64, "high": pl.Float64, "method": pl.String,
        "n_gold": pl.Int64, "n_run": pl.Int64, "model": pl.Float64, "tuning": pl.Float64, "rows_gold_only": pl.Int64,
        "rows_ppi": pl.Int64, "note": pl.String,
    }  # fmt: skip
    return pl.DataFrame(
        {name: pl.Series(name, [getattr(one, name) for one in found], kinds.get(name)) for name in names}
    )


# Shares and counts


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    """Yes and no of a group of documents, as numbers."""

    gold: Floats
    predicted: Floats  # of the reviewed documents
    weights: Floats
    num_run: int
    run_share: float  # of yes in the model's answers on all documents, reviewed or not


def _answers(rows: pl.DataFrame) -> _Answers:
    seen = rows.filter(pl.col(REVIEWED))
    return _Answers(
        gold=seen[GOLD].cast(pl.Float64).to_numpy(),
        predicted=seen[MODEL].cast(pl.Float64).to_numpy(),
        weights=seen[WEIGHT].to_numpy(),
        num_run=rows.height,
        run_share=float(rows[MODEL].cast(pl.Float64).to_numpy().mean()),
    )


def _shared_rates(rows: pl.DataFrame) -> ErrorRates | None:
    answers = _answers(rows)
    return error_rates(answers.gold, answers.predicted, answers.weights)


def _order(group: object) -> tuple[bool, object]:
    return (group is None, group if group is not None else 0)


def _of_share(rows: pl.DataFrame, question: Question, shared: ErrorRates | None) -> Estimate:
    answers = _answers(rows)
    chosen, method, note = _share_by_method(answers, question, shared)
    factor = answers.num_run if question.what == "count" else 1
    plan = Plan(gold_only=None, prediction_powered=None)
    if question.half_width is not None and len(answers.gold):
        plan = plan_share(
            answers.gold, answers.predicted, answers.weights,
            run_share=answers.run_share, num_run=answers.num_run, half_width=question.half_width / factor,
            level=question.level,
        )  # fmt: skip
    return Estimate(
        group=None, term=None, method=method, note=note, n_gold=len(answers.gold), n_run=answers.num_run,
        estimate=factor * chosen.estimate if chosen else None,
        low=factor * chosen.low if chosen else None,
        high=factor * chosen.high if chosen else None,
        model=factor * answers.run_share,
        tuning=chosen.gain if chosen else None,
        rows_gold_only=plan.gold_only, rows_ppi=plan.prediction_powered,
    )  # fmt: skip


def _share_by_method(
    answers: _Answers, question: Question, shared: ErrorRates | None
) -> tuple[Interval | None, str, str | None]:
    """The interval, the method that made it, and what the reader should know of it."""
    gold, predicted, weights = answers.gold, answers.predicted, answers.weights
    if question.method == "rogan_gladen":
        rates = shared or (error_rates(gold, predicted, weights) if len(gold) else None)
        if rates is None:
            return None, "rogan_gladen", "no true yes, or no true no, among the reviewed documents here"
        chosen = rogan_gladen(rates, run_share=answers.run_share, num_run=answers.num_run, level=question.level)
        return chosen, "rogan_gladen", None if chosen else "the model tells yes and no apart no better than chance"
    if not len(gold):
        return None, question.method.replace("auto", "gold_only"), _NO_GOLD
    alone = gold_only(gold, weights, question.level)
    if question.method == "gold_only":
        return alone, "gold_only", None
    powered = prediction_powered(
        gold, predicted, weights, run_share=answers.run_share, num_run=answers.num_run, level=question.level
    )
    if question.method == "ppi":
        return powered, "ppi", None if powered else "one of the model's answers is not among the reviewed documents"
    if powered is None or powered.gain < _LITTLE or powered.width >= alone.width:
        return alone, "gold_only", "the model's answers do not make the interval shorter"
    return powered, "ppi", None


# Means and regressions


def _of_mean(rows: pl.DataFrame, question: Question) -> Estimate:
    return _fitted(rows, np.ones((rows.height, 1)), (None,), question)[0]


def _regression(rows: pl.DataFrame, question: Question) -> list[Estimate]:
    complete = rows.drop_nulls(list(question.covariates))
    columns, terms = [np.ones(complete.height)], ["intercept"]
    for name in question.covariates:
        more, names = _covariate(complete[name])
        columns += more
        terms += names
    found = _fitted(complete, np.column_stack(columns), terms, question)
    dropped = rows.height - complete.height
    if not dropped:
        return found
    lost = f"{dropped} documents left out: no value in {', '.join(question.covariates)}"
    return [replace(one, note=f"{one.note}; {lost}" if one.note else lost) for one in found]


def _covariate(column: pl.Series) -> tuple[list[Floats], list[str]]:
    """Numbers as they are; anything else as one 0/1 column per value, the most frequent one left out."""
    if column.dtype.is_numeric():
        return [column.cast(pl.Float64).to_numpy()], [column.name]
    text = column.cast(pl.String)
    counts = text.value_counts().sort(["count", column.name], descending=[True, False])
    values = sorted(counts[column.name][1:].to_list())
    return [(text == value).cast(pl.Float64).to_numpy() for value in values], [
        f"{column.name}={value}" for value in values
    ]


def _fitted(rows: pl.DataFrame, covariates: Floats, terms: Sequence[str | None], question: Question) -> list[Estimate]:
    seen = rows[REVIEWED].to_numpy()
    link: Literal["identity", "logit"] = "logit" if question.what == "logistic" else "identity"
    gold = _rows(rows.filter(seen)[GOLD], covariates[seen])
    predicted = _rows(rows.filter(seen)[MODEL], covariates[seen])
    run = _rows(rows[MODEL], covariates)
    weights = rows.filter(seen)[WEIGHT].to_numpy()
    alone = powered = None
    note = None
    if gold.present.sum() < max(_FEW_ROWS, 3 * covariates.shape[1]):
        note = f"too few reviewed documents with a value here ({int(gold.present.sum())})"
    else:
        try:
            alone = fit(gold, predicted, weights, run, link=link, tuning=0.0)
            if question.method != "gold_only":
                powered = fit(gold, predicted, weights, run, link=link)
        except NotEstimableError as error:
            note = str(error)
    chosen, method = _chosen(alone, powered, question)
    if chosen is alone is not None and question.method == "auto":
        note = "the model's answers do not make the interval shorter"
    raw = _model_alone(run, link)
    base = Estimate(
        group=None, term=None, estimate=None, low=None, high=None, method=method, n_gold=len(weights),
        n_run=rows.height, model=None, tuning=chosen.tuning if chosen else None, note=note,
    )  # fmt: skip
    found = []
    for i, term in enumerate(terms):
        one = replace(base, term=term, model=None if raw is None else float(raw[i]))
        if chosen is not None:
            low, high = chosen.limits(question.level)
            one = replace(one, estimate=float(chosen.coefficients[i]), low=float(low[i]), high=float(high[i]))
        if question.half_width is not None and alone is not None:
            plan = _plan_of_term(alone, powered, i, rows.height, question.half_width, question.level)
            one = replace(one, rows_gold_only=plan.gold_only, rows_ppi=plan.prediction_powered)
        found.append(one)
    return found


def _chosen(alone: Fit | None, powered: Fit | None, question: Question) -> tuple[Fit | None, str]:
    """Prediction-powered where it is asked for or helps: for regressions, over all terms together."""
    if question.method == "ppi":
        return powered, "ppi"
    if question.method == "gold_only" or powered is None or alone is None or powered.tuning < _LITTLE:
        return alone, "gold_only"
    is_shorter = np.trace(powered.covariance) < np.trace(alone.covariance)
    return (powered, "ppi") if is_shorter else (alone, "gold_only")


def _plan_of_term(alone: Fit, powered: Fit | None, index: int, num_run: int, half_width: float, level: float) -> Plan:
    better = powered or alone
    plan = plan_mean(
        alone_variance=float(alone.gold_variance[index]), powered_variance=float(better.gold_variance[index]),
        run_variance=float(better.run_variance[index]), num_run=num_run, half_width=half_width, level=level,
    )  # fmt: skip
    return plan if powered else replace(plan, prediction_powered=None)


def _rows(outcome: pl.Series, covariates: Floats) -> Rows:
    return Rows(
        covariates=covariates,
        outcome=outcome.cast(pl.Float64).fill_null(0.0).to_numpy(),
        present=outcome.is_not_null().cast(pl.Float64).to_numpy(),
    )


def _model_alone(run: Rows, link: Literal["identity", "logit"]) -> Floats | None:
    try:
        return fit(run, run, np.ones(len(run.outcome)), run, link=link, tuning=0.0).coefficients
    except NotEstimableError:
        return None
