"""What the sentinels of a run say: `drift.json`, and its short form in the run's summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field as Key

from glane.records import Record
from glane.validation import Strict

Verdict = Literal["same", "drift"]
Ends = tuple[float | None, float | None]  # of an interval


class TrendFigure(Strict):
    """What a trend would show of a field: one figure, when the documents were frozen and now."""

    what: str
    then: float | None
    now: float | None


class RightAnswers(Strict):
    """F1 of a field against right answers, then and now, and in how many documents only one of the two is right.

    `p` is of McNemar's exact test; `p_holm` is corrected over all fields after Holm.
    """

    f1_then: float | None
    f1_now: float | None
    f1_difference_ci95: Ends | None
    only_then_right: int
    only_now_right: int
    p: float
    p_holm: float


class FieldDrift(Strict):
    """One field: in how many documents the answer is the same, with Wilson's 95 % interval of the share."""

    field: str
    verdict: Verdict
    documents: int
    equal: int
    equal_share: float | None
    equal_ci95: Ends
    kappa: float | None
    rule: str  # of comparison
    figures: tuple[TrendFigure, ...]
    gold: RightAnswers | None = None


class DifferingDocument(Strict):
    """A document with the fields that are answered otherwise now."""

    id: str | int
    fields: tuple[str, ...]


class SignDrift(Strict):
    """One sign that a value is not its document's: documents that have it, then and now."""

    sign: str
    verdict: Verdict
    then: int
    now: int
    only_then: int
    only_now: int


class DifferingSigns(Strict):
    """A document whose signs are others now: each as `sign: field`, `sign: rule` or `sign: how the text speaks`."""

    id: str | int
    only_then: tuple[str, ...]
    only_now: tuple[str, ...]


class DriftFindings(Strict):
    """What comparing the answers of now with those of then came to. No text of a document."""

    documents: int
    equal: int  # documents with the same answer in every field
    not_usable: int  # documents without an answer now
    tolerance: float
    fewest_that_drift: int | None  # the fewest documents that must differ to be called drift
    changed: Mapping[str, tuple[str, ...]]  # in how documents are answered, by kind
    drift: tuple[str, ...]  # the fields that drifted
    fields: tuple[FieldDrift, ...]
    fields_not_compared: tuple[str, ...]
    documents_that_differ: tuple[DifferingDocument, ...]
    signs: tuple[SignDrift, ...] = ()  # those that the rows of then and of now have columns of
    documents_whose_signs_differ: tuple[DifferingSigns, ...] = ()


class Frozen(Strict):
    """When, and with what, the documents were answered that were frozen."""

    created: str
    model: str
    engine: str


class Drift(DriftFindings, Record):
    """`drift.json`: the findings, with the frozen set that they are of."""

    kind: Literal["glane drift"] = "glane drift"
    version: Literal[1] = 1
    sentinels: str
    then: Frozen
    source: Literal["model", "gold"]


class DriftBrief(Strict):
    """What a run's summary says of its sentinels."""

    documents: int
    equal: int
    not_usable: int
    drift: tuple[str, ...]
    changed: tuple[str, ...]
    signs: tuple[str, ...] = Key(default=(), exclude_if=lambda value: not value)  # those that drifted

    @classmethod
    def of(cls, found: DriftFindings) -> DriftBrief:
        """The short form."""
        return cls(
            documents=found.documents,
            equal=found.equal,
            not_usable=found.not_usable,
            drift=found.drift,
            changed=tuple(found.changed),
            signs=tuple(one.sign for one in found.signs if one.verdict == "drift"),
        )
