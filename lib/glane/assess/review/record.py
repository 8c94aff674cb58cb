"""What is counted of reviews, as `agreement.json` tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from glane.records import Record, left_out
from glane.validation import Strict


class StratumState(Strict):
    """How far the review of a stratum is, in documents."""

    sampled: int
    reviewed: int


class ReviewState(Strict):
    """How far a review is."""

    sampled: int
    reviewed: int
    skipped: tuple[str, ...]  # ids that nobody reviewed, before others that somebody did
    strata: Mapping[str, StratumState]


class ReviewerFile(Strict):
    """One file of corrections; counts are of documents."""

    file: str
    reviewer: str
    sampled: int
    begun: int
    reviewed: int


class DecisionCounts(Strict):
    """What was decided of a field, over all files. Of blind readings there is nothing to accept or correct."""

    reviewed: int
    blind: int
    accepted: int  # of those that were shown the model's answer, as the next ones
    corrected: int
    missing: int
    share_accepted: float | None
    in_bulk: int | None = left_out()  # of the accepted: together with all that was left of the document


class FieldAgreement(Strict):
    """How far two reviewers agree on a field."""

    agreement: float | None  # share of documents
    agreement_ci95: tuple[float, float] | None  # Wilson's
    kappa: float | None  # Cohen's; None where it is not defined
    kappa_ci95: tuple[float, float] | None  # by resampling documents
    ac1: float | None  # Gwet's: where nearly all documents say the same, kappa says little
    ac1_ci95: tuple[float, float] | None
    pabak: float | None  # prevalence- and bias-adjusted kappa; of more than two categories, Brennan and Prediger's
    pabak_ci95: tuple[float, float] | None
    of_each: Mapping[str, float]  # specific agreement by category: 2a / (2a + b + c)
    differ: tuple[str, ...]  # ids


class ReviewerPair(Strict):
    """Two reviewers, on the documents that both reviewed whole."""

    reviewers: tuple[str, str]
    files: tuple[str, str]
    documents: int
    fields: Mapping[str, FieldAgreement]


class FieldReliability(Strict):
    """How far all readers agree on a field, whoever has read which document."""

    documents: int  # with two readings or more
    readings: int  # of these
    alpha: float | None  # Krippendorff's; None where it is not defined
    alpha_ci95: tuple[float, float] | None  # by resampling documents, or clusters of them
    differ: tuple[str, ...]  # ids of documents whose readings are not all the same


class AgreementSummary(Record):
    """What reviewers decided, counted, and how far they agree: `agreement.json`."""

    kind: Literal["glane agreement"] = "glane agreement"
    version: Literal[3] = 3
    sample: ReviewState
    reviews: tuple[ReviewerFile, ...]
    fields: Mapping[str, DecisionCounts]
    clusters: int | None  # of documents that go together, which intervals follow
    together: Mapping[str, FieldReliability]  # by field; empty if no document was read twice
    between: tuple[ReviewerPair, ...]
