"""Means and regression coefficients of a run, corrected by the reviewed documents."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.clusters import CLUSTER
from glane.assess.estimate.clustered import are_together, few_clusters
from glane.assess.estimate.figures import joined_notes
from glane.assess.estimate.notes import note
from glane.assess.estimate.prediction_powered import Fit, NotEstimableError, Rows, Units, fit
from glane.assess.estimate.question import GOLD, LITTLE, MODEL, REVIEWED, WEIGHT, Question
from glane.assess.estimate.record import Estimate
from glane.assess.estimate.sampling_plan import Plan, plan_mean
from glane.errors import ConfigError

Floats = NDArray[np.float64]
_FEW_ROWS = 10  # with fewer reviewed documents, a normal approximation of a mean is not usable
_NOT_MANY = 30  # with fewer, it is a rough one
_EVENTS = 10  # of the rarer outcome per coefficient (Peduzzi et al., J. Clin. Epidemiol. 1996)
_COCHRAN = 25.0
_MAX_VALUES = 50  # of a covariate that is not a number


def mean_of(rows: pl.DataFrame, question: Question) -> Estimate:
    """The mean of one group."""
    return _fitted(rows, np.ones((rows.height, 1)), (None,), question)[0]


def regression_of(rows: pl.DataFrame, question: Question) -> list[Estimate]:
    """The coefficients of a regression, the intercept first; documents without a covariate are left out."""
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
    lost = note("left_out", num=dropped, names=", ".join(question.covariates))
    return [replace(one, note=joined_notes(one.note, lost)) for one in found]


def _covariate(column: pl.Series) -> tuple[list[Floats], list[str]]:
    """Numbers as they are; anything else as one 0/1 column per value, the most frequent one left out."""
    if column.dtype.is_numeric():
        return [column.cast(pl.Float64).to_numpy()], [column.name]
    text = column.cast(pl.String)
    counts = text.value_counts().sort(["count", column.name], descending=[True, False])
    if counts.height > _MAX_VALUES:
        raise ConfigError(
            f"covariates: {column.name!r} has {counts.height} values, each a coefficient of its own; at most "
            f"{_MAX_VALUES} can be. Use a number, or a column with fewer values."
        )
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
    units = Units(reviewed=seen, clusters=rows[CLUSTER].to_numpy() if are_together(rows, question) else None)
    alone = powered = None
    why = joined_notes(_doubt(gold, link), few_clusters(rows, question))
    if gold.present.sum() < max(_FEW_ROWS, 3 * covariates.shape[1]):
        why = note("too_few", num=int(gold.present.sum()))
    else:
        try:
            alone = fit(gold, predicted, weights, run, link=link, tuning=0.0, is_finite=question.is_finite, units=units)
            is_rare = link == "logit" and _rarer(gold) < _EVENTS * covariates.shape[1]
            # Of a rare outcome, the few errors of the model that were reviewed say too little of how much they vary.
            if question.method == "ppi" or (question.method == "auto" and not is_rare):
                powered = fit(gold, predicted, weights, run, link=link, is_finite=question.is_finite, units=units)
        except NotEstimableError as error:
            why = str(error)
    chosen, method = _chosen(alone, powered, question)
    if chosen is alone is not None and question.method == "auto" and powered is not None:
        why = joined_notes(note("not_shorter"), why)
    if chosen is not None and link == "identity":
        why = joined_notes(why, _heavy_tail(gold, run, chosen))
    raw = _model_alone(run, link)
    base = Estimate(
        group=None, term=None, estimate=None, low=None, high=None, method=method, n_gold=len(weights),
        n_run=rows.height, model=None, tuning=chosen.tuning if chosen else None, note=why,
    )  # fmt: skip
    found = []
    for i, term in enumerate(terms):
        one = replace(base, term=term, model=None if raw is None else float(raw[i]))
        if chosen is not None:
            low, high = chosen.limits(question.level)
            one = replace(one, estimate=float(chosen.coefficients[i]), low=float(low[i]), high=float(high[i]))
        if question.half_width is not None and alone is not None:
            plan = _plan_of_term(alone, powered, i, rows.height, question)
            one = replace(one, rows_gold_only=plan.gold_only, rows_ppi=plan.prediction_powered)
        found.append(one)
    return found


def _doubt(gold: Rows, link: Literal["identity", "logit"]) -> str | None:
    """Why intervals may be too short: simulations/README.md in tests/ has the coverage of small samples."""
    num = int(gold.present.sum())
    if link == "identity":
        return note("rough", num=num) if num < _NOT_MANY else None
    rarer, wanted = _rarer(gold), _EVENTS * gold.covariates.shape[1]
    if rarer >= wanted:
        return None
    return note("few_events", num=rarer, wanted=wanted)


def _rarer(gold: Rows) -> int:
    """Reviewed documents of the rarer outcome."""
    return int(min(gold.outcome.sum(), gold.present.sum() - gold.outcome.sum()))


def _heavy_tail(gold: Rows, run: Rows, chosen: Fit) -> str | None:
    """Why an interval may miss a tail that few reviewed documents show: of the values, or of the model's errors.

    Cochran's rule (Sampling Techniques, 1977, section 2.15): 25 times the squared skewness of the values are wanted.
    """
    of_values = [abs(_skewness(part.outcome[part.present > 0])) for part in (gold, run)]
    skewness = max(*of_values, float(np.abs(chosen.skewness).max()) * math.sqrt(len(gold.outcome)))
    num, wanted = int(gold.present.sum()), math.ceil(_COCHRAN * skewness**2)
    if num >= wanted:
        return None
    return note("heavy_tail", skewness=f"{skewness:.1f}", wanted=wanted)


def _skewness(values: Floats) -> float:
    spread = values - values.mean() if len(values) else values
    variance = float((spread**2).mean()) if len(values) else 0.0
    return float((spread**3).mean() / variance**1.5) if variance > 0 else 0.0


def _chosen(alone: Fit | None, powered: Fit | None, question: Question) -> tuple[Fit | None, str]:
    """Prediction-powered where it is asked for or helps: for regressions, over all terms together."""
    if question.method == "ppi":
        return powered, "ppi"
    if question.method == "gold_only" or powered is None or alone is None or powered.tuning < LITTLE:
        return alone, "gold_only"
    is_shorter = np.trace(powered.covariance) < np.trace(alone.covariance)
    return (powered, "ppi") if is_shorter else (alone, "gold_only")


def _plan_of_term(alone: Fit, powered: Fit | None, index: int, num_run: int, question: Question) -> Plan:
    assert question.half_width is not None
    better = powered or alone
    plan = plan_mean(
        alone_variance=float(alone.gold_variance[index]), powered_variance=float(better.gold_variance[index]),
        run_variance=float(better.run_variance[index]), num_run=num_run,
        half_width=question.half_width, level=question.level, is_finite=question.is_finite,
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
