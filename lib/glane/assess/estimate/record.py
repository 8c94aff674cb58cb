"""Estimated figures, as `estimates.json` tells them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal

from glane.assess.designs import Design
from glane.assess.estimate.groups import Rates
from glane.assess.estimate.question import Question
from glane.assess.right_answers import RightAnswers
from glane.records import Record, left_out
from glane.types import Toy
from glane.validation import Strict


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One estimated figure. `estimate`, `low` and `high` are None where the sample cannot tell."""

    group: str | int | float | bool | datetime.date | None
    term: str | None  # of a regression: the covariate
    estimate: float | None
    low: float | None
    high: float | None
    method: str  # pooled, ppi, transported, rogan_gladen or gold_only
    n_gold: int  # reviewed documents
    n_run: int  # documents of the run
    model: float | None  # the same figure from the model's answers alone
    tuning: float | None  # how far the model's answers count: 0 not at all
    rows_gold_only: int | None = None  # to review for the wanted half-width
    rows_ppi: int | None = None
    note: str | None = None
    band_low: float | None = None  # of pooled tables: limits that hold for all groups at once
    band_high: float | None = None
    clusters: int | None = None  # that the interval rests on
    design_effect: float | None = None  # of clusters: how much larger they make the variance
    n_failed: int = 0  # documents of the group that could not be read or answered; not among n_run
    if_failed_no: float | None = None  # the estimate if none of these were a yes
    if_failed_yes: float | None = None  # and if all were


class Together(Strict):
    """What a pooled table says of all its groups."""

    total: Estimate  # the groups add up to it
    heterogeneity: float | None  # p-value: that the model errs alike in all groups
    covariance: tuple[tuple[float, ...], ...] | None  # of the groups with documents, in their order; None of too many


class ValidationFigure(Strict):
    """One figure of a validation, with its limits; `num` reviewed documents are counted in it."""

    value: float | None
    low: float | None
    high: float | None
    num: int


class Validation(Strict):
    """How well the model's yes tells the true one. Counts are of reviewed documents; figures are weighted."""

    true_positive: int
    false_positive: int
    false_negative: int
    true_negative: int
    sensitivity: ValidationFigure
    ppv: ValidationFigure
    specificity: ValidationFigure
    npv: ValidationFigure
    lr_positive: ValidationFigure
    lr_negative: ValidationFigure


class GroupValidation(Strict):
    """The validation in one group of a table."""

    group: str | int | float | bool | datetime.date | None
    validation: Validation


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The estimates in their order, and of a pooled table what is said of all groups together."""

    estimates: list[Estimate]
    together: Together | None = None
    rates: Rates | None = None  # of shares: the model's errors in the review, for later runs
    num_reviewed: int = 0
    validation: Validation | None = None  # of shares with a review
    validation_by_group: tuple[GroupValidation, ...] = ()


class EstimatesSummary(Record):
    """What was asked, and the estimates."""

    kind: Literal["glane estimates"] = "glane estimates"
    version: Literal[2] = 2
    run: str = ""  # or several, with commas
    toy: Toy | None = left_out()  # the answers are no results
    gold: str | None = None  # the path of the reviewed documents; None of a table in memory
    fingerprint: str = ""
    review: Design | None = left_out()  # how the reviewed documents were drawn and shown; None without a review
    right_answers: RightAnswers | None = left_out()  # where the reviewed ones are from
    are_copies_known: bool | None = left_out()  # False if the texts could not be read again, by which copies are known
    question: Question
    interval: str  # what the intervals are
    nulls: str | None  # what a document without a value counts as
    rows_without_values: int  # documents of the run that are not covered
    estimates: tuple[Estimate, ...]
    together: Together | None = None  # of pooled tables
    validation: Validation | None = None  # of shares with a review: how well the model's yes tells the true one
    validation_by_group: tuple[GroupValidation, ...] = ()  # the same in each group of `by`; not of periods
