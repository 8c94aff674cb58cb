"""What the sentinels of a run say, in `drift.json` and in short in its summary; and what its documents say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field as Key

from glane.records import Record
from glane.validation import Strict

Verdict = Literal["same", "drift"]
Ends = tuple[float | None, float | None]  # of an interval
ALPHA, PLANNED_RUNS = 0.05, 260  # five years of weekly runs


class AlarmBudget(Strict):
    """How often a frozen set may alarm without cause: with probability `alpha` at most in all planned runs together."""

    alpha: float = Key(default=ALPHA, gt=0, lt=1)
    planned_runs: int = Key(default=PLANNED_RUNS, ge=1)

    @property
    def level(self) -> float:
        """Of one run: what a p-value corrected over all tests of this run must not exceed to be an alarm."""
        return self.alpha / self.planned_runs


class TrendFigure(Strict):
    """What a trend would show of a field: one figure, when the documents were frozen and now."""

    what: str
    then: float | None
    now: float | None


class RightAnswers(Strict):
    """F1 of a field against right answers, then and now, and in how many documents only one of the two is right.

    `p` is of McNemar's exact test; `p_holm` is corrected over all tests of the sentinels after Holm.
    """

    f1_then: float | None
    f1_now: float | None
    f1_difference_ci95: Ends | None
    only_then_right: int
    only_now_right: int
    p: float
    p_holm: float


class LostPositives(Strict):
    """Documents that were known to have one kind of yes in a field, and how many of them have lost it.

    `what` is `true`, a category, `any item` of a list or `a value`. `p` is of the exact binomial test that more are
    lost than the tolerance allows; `p_holm` is corrected over all tests of the sentinels after Holm.
    """

    what: str
    verdict: Verdict
    known: int
    lost: int
    p: float
    p_holm: float


class FieldDrift(Strict):
    """One field: in how many documents the answer is the same, with Wilson's 95 % interval of the share.

    `p` is of the exact binomial test that more documents differ than the tolerance allows; `p_holm` is corrected over
    all tests of the sentinels after Holm. Both are None in files of before there were such tests.
    """

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
    p: float | None = None
    p_holm: float | None = None
    positives: tuple[LostPositives, ...] = ()


class DifferingDocument(Strict):
    """A document with the fields that are answered otherwise now."""

    id: str | int
    fields: tuple[str, ...]


class SignDrift(Strict):
    """One sign that a value is not its document's: documents that have it, then and now.

    `differing` documents have it in other fields now; `p` and `p_holm` are those of `FieldDrift`.
    """

    sign: str
    verdict: Verdict
    then: int
    now: int
    only_then: int
    only_now: int
    differing: int | None = None
    p: float | None = None
    p_holm: float | None = None


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
    fewest_that_drift: int | None  # the fewest documents that must differ in one field to be called drift
    changed: Mapping[str, tuple[str, ...]]  # in how documents are answered, by kind
    drift: tuple[str, ...]  # the fields that drifted
    fields: tuple[FieldDrift, ...]
    fields_not_compared: tuple[str, ...]
    documents_that_differ: tuple[DifferingDocument, ...]
    signs: tuple[SignDrift, ...] = ()  # those that the rows of then and of now have columns of
    documents_whose_signs_differ: tuple[DifferingSigns, ...] = ()
    budget: AlarmBudget | None = None
    tests: int | None = None  # how many there are; p-values are corrected over all of them


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


ShiftOf = Literal["length", "failed", "without a value", "reason", "confidence", "share of documents"]


class DocumentShift(Strict):
    """One figure of the documents of a place, in an earlier run and now.

    Of length (characters) and confidence these are medians, and `effect` is the largest distance of the distributions
    (0 to 1); of others shares, and `effect` is their difference. `p_holm` is corrected over all tests after Holm.
    """

    place: str  # `all`, or column=value
    of: ShiftOf
    field: str  # empty where it is none's
    detail: str  # the reason why there is no value
    verdict: Verdict
    then: float
    now: float
    effect: float
    p: float
    p_holm: float | None = None


class DocumentWatch(Strict):
    """How the documents of a run differ from those of an earlier one. No text of a document."""

    reference: str = ""  # the earlier run
    places: tuple[str, ...]  # that both runs have enough documents of
    tests: int
    budget: AlarmBudget
    has_lengths: bool
    shifts: tuple[DocumentShift, ...]  # those that are more than chance, and large

    def of_place(self, place: str) -> tuple[DocumentShift, ...]:
        """The shifts of one place."""
        return tuple(one for one in self.shifts if one.place == place)

    def has_new_template(self, place: str) -> bool:
        """Whether the documents of a place themselves changed: their length, and less is told, or more fails with it.

        Longer documents in which more is told may be those of other patients, as in an epidemic.
        """
        shifts = self.of_place(place)
        is_less = any(one.of in ("without a value", "reason", "failed") and one.now > one.then for one in shifts)
        return is_less and any(one.of == "length" for one in shifts)
