"""Shares and counts of a group of documents: the choice of method, and the warnings that belong to it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import gammaincinv

from glane.assess.estimate.clustered import clustering, few_clusters
from glane.assess.estimate.figures import joined_notes
from glane.assess.estimate.notes import note
from glane.assess.estimate.question import GOLD, MODEL, REVIEWED, STRATUM, WEIGHT, Question
from glane.assess.estimate.record import Estimate
from glane.assess.estimate.sampling_plan import Plan, plan_share
from glane.assess.proportion import FEW, ErrorRates, Interval, error_rates, rogan_gladen
from glane.assess.share_estimators import gold_only, prediction_powered
from glane.assess.strata import Strata, strata_of

Floats = NDArray[np.float64]
NO_GOLD = note("no_gold")
_UNSEEN = note("unseen")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    """Yes and no of a group of documents, as numbers."""

    gold: Floats
    predicted: Floats  # of the reviewed documents
    weights: Floats
    strata: Strata
    num_run: int
    run_share: float  # of yes in the model's answers on all documents, reviewed or not


def _answers(rows: pl.DataFrame) -> _Answers:
    seen = rows.filter(pl.col(REVIEWED))
    return _Answers(
        gold=seen[GOLD].cast(pl.Float64).to_numpy(),
        predicted=seen[MODEL].cast(pl.Float64).to_numpy(),
        weights=seen[WEIGHT].to_numpy(),
        strata=strata_of(seen[STRATUM], seen[WEIGHT].to_numpy()),
        num_run=rows.height,
        run_share=float(rows[MODEL].cast(pl.Float64).to_numpy().mean()),
    )


def rates_of(rows: pl.DataFrame) -> ErrorRates | None:
    """Sensitivity and specificity of the model over all groups."""
    answers = _answers(rows)
    return error_rates(answers.gold, answers.predicted, answers.weights)


def share_of(rows: pl.DataFrame, question: Question, shared: ErrorRates | None) -> Estimate:
    """The share or count of one group; `shared` are the error rates of all groups, where they are taken for each."""
    answers = _answers(rows)
    chosen, method, why = _by_method(answers, question, shared)
    together = clustering(rows, question)
    if chosen is not None:
        chosen = together.widened(chosen)
    if chosen is not None and question.is_process_count:
        chosen = poisson(chosen, answers.num_run, question.level)
    factor = answers.num_run if question.what == "count" else 1
    plan = Plan(gold_only=None, prediction_powered=None)
    if question.half_width is not None and len(answers.gold):
        plan = plan_share(
            answers.gold, answers.predicted, answers.weights,
            run_share=answers.run_share, num_run=answers.num_run, half_width=question.half_width / factor,
            level=question.level, is_finite=question.is_finite,
        )  # fmt: skip
    return Estimate(
        group=None, term=None, method=method,
        note=joined_notes(why, *_doubts(answers, method, chosen), few_clusters(rows, question)),
        clusters=together.num or None, design_effect=together.effect if together.num else None,
        n_gold=len(answers.gold), n_run=answers.num_run,
        estimate=factor * chosen.estimate if chosen else None,
        low=factor * chosen.low if chosen else None,
        high=factor * chosen.high if chosen else None,
        model=factor * answers.run_share,
        tuning=chosen.gain if chosen else None,
        rows_gold_only=plan.gold_only, rows_ppi=plan.prediction_powered,
    )  # fmt: skip


def _by_method(
    answers: _Answers, question: Question, shared: ErrorRates | None
) -> tuple[Interval | None, str, str | None]:
    """The interval, the method that made it, and why it is that one."""
    gold, predicted, weights = answers.gold, answers.predicted, answers.weights
    if question.method == "rogan_gladen":
        rates = shared or (error_rates(gold, predicted, weights) if len(gold) else None)
        if rates is None:
            return None, "rogan_gladen", note("no_true_of_one")
        chosen = rogan_gladen(rates, run_share=answers.run_share, num_run=answers.num_run, level=question.level)
        few = rates.fewest < FEW
        told = note("rates_of_few", num=rates.fewest) if few else None
        return chosen, "rogan_gladen", told if chosen else note("no_better")
    if not len(gold):
        return None, question.method.replace("auto", "ppi"), NO_GOLD
    if question.method == "gold_only":
        num_run = answers.num_run if question.is_finite else None
        return gold_only(gold, weights, question.level, num_run=num_run, strata=answers.strata), "gold_only", None
    powered = prediction_powered(
        gold, predicted, weights, run_share=answers.run_share, num_run=answers.num_run, level=question.level,
        is_finite=question.is_finite or question.is_process_count, strata=answers.strata,
    )  # fmt: skip
    return powered, "ppi", _UNSEEN if _has_unseen(answers) else None


def poisson(found: Interval, num_run: int, level: float) -> Interval:
    """The limits of an expected count, of which the run's is one draw: Jeffreys' for a Poisson count, put beside."""
    count, tail = num_run * found.estimate, (1 - level) / 2
    low = float(gammaincinv(count + 0.5, tail)) / num_run if count else 0.0
    high = float(gammaincinv(count + 0.5, 1 - tail)) / num_run
    below = math.hypot(found.estimate - found.low, found.estimate - low)
    above = math.hypot(found.high - found.estimate, high - found.estimate)
    return replace(found, low=max(0.0, found.estimate - below), high=found.estimate + above)


def _has_unseen(answers: _Answers) -> bool:
    """Whether the model gave an answer, yes or no, to some documents, and none of these was reviewed."""
    seen = answers.predicted.mean()
    return (seen == 0 and answers.run_share > 0) or (seen == 1 and answers.run_share < 1)


def _doubts(answers: _Answers, method: str, chosen: Interval | None) -> list[str]:
    """The reasons why an interval may be too short."""
    if chosen is None or method == "rogan_gladen":
        return []
    num_yes = int(answers.gold.sum())
    fewest = min(num_yes, len(answers.gold) - num_yes)
    if not fewest:
        answer, limit = ("yes", "upper") if not num_yes else ("no", "lower")
        return [note("no_true", answer=answer, limit=limit)]
    answer = "yes" if fewest == num_yes else "no"
    if fewest < FEW and answers.weights.max() > 1.05 * answers.weights.min() and not answers.strata.any():
        return [note("few_uneven", num=fewest, answer=answer)]
    return [note("few_yes", num=fewest, answer=answer)] if fewest < FEW else []
