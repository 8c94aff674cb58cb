"""The results of comparing answers with others: measures, counts and tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from glane.records import left_out
from glane.task.signs import Sign
from glane.validation import Strict

Ends = tuple[float, float] | None  # of a 95 % interval; None where it is not defined
Id = str | int  # of a document


class DocumentFlow(Strict):
    """How many documents are compared, and why others are not."""

    compared: int
    not_usable: Mapping[str, int]  # of those compared, by status: they predict nothing
    gold_not_in_run: int
    gold_not_in_run_ids: tuple[Id, ...]  # the first of them
    run_not_in_gold: int


class Weights(Strict):
    """How the documents compared were drawn."""

    column: str  # of the right answers
    used: bool
    equal: bool
    effective_documents: float  # of equal weight, that would say as much


class Intervals(Strict):
    """How intervals were made."""

    level: float
    of_ratios: str | None = left_out()
    of_shares: str | None = left_out()
    method: Literal["bca", "percentile"]
    samples: int
    seed: int
    clusters: int | None = left_out()  # that were resampled in place of documents: patients, copies of one text
    are_copies_known: bool | None = left_out()  # False if the texts could not be read again, by which copies are known


class Counts(Strict):
    """Values by verdict."""

    support: int  # expected
    predicted: int
    correct: int
    wrong: int
    missed: int
    spurious: int
    absent: int


class Ratios(Strict):
    """Measures from 0 to 1; None where the denominator is 0."""

    precision: float | None
    precision_ci95: Ends
    recall: float | None
    recall_ci95: Ends
    f1: float | None
    f1_ci95: Ends


class Exact(Strict):
    """The share of documents without error."""

    exact: float | None
    exact_ci95: Ends


class Micro(Ratios, Counts):
    """All values of all fields."""


class Macro(Ratios):
    """The mean over fields. It has no interval where some of them show no error: their part of it is not known."""

    fields: int
    without_error: int = 0  # of these fields, those with something to find and nothing wrong


class Overall(Exact):
    """The measures of a set of documents, over all fields."""

    micro: Micro
    macro: Macro
    documents: int


class FieldScores(Exact, Ratios, Counts):
    """The measures of one field."""

    level: Literal["values", "items"]  # items: of a list of records as wholes


class Presence(Strict):
    """Documents, by who has a value."""

    both: int
    gold_only: int
    predicted_only: int
    neither: int


class Confusion(Strict):
    """Right categories (rows) by found ones (columns); None is no value."""

    labels: tuple[str | None, ...]
    counts: tuple[tuple[int, ...], ...]


class CategoryScores(Strict):
    """One category against all the rest; the counts are of documents."""

    tp: int
    fp: int
    fn: int
    tn: int
    sensitivity: float | None
    sensitivity_ci95: Ends
    specificity: float | None
    specificity_ci95: Ends
    ppv: float | None
    ppv_ci95: Ends
    npv: float | None
    npv_ci95: Ends
    f1: float | None


class DateScores(Strict):
    """How near found dates are, of the values where both sides have one."""

    pairs: int
    agree: int  # as far as both are told: 2025-03 agrees with 2025-03-09
    same_year: int
    months: int  # pairs that both tell the month
    same_month: int
    days: int  # pairs that both tell the day
    same_week: int  # ISO


class DescribedField(FieldScores):
    """The measures of one field, with what it is and its tables."""

    type: str
    rule: str
    presence: Presence
    confusion: Confusion | None = left_out()  # of categories
    values: Mapping[str, CategoryScores] | None = left_out()  # by category
    dates: DateScores | None = left_out()  # of dates
    macro_f1: float | None = None  # the mean over the categories that occur; None where none does, too

    @model_serializer(mode="wrap")
    def _without_categories(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A file mentions the mean where there are categories, even if it is not defined."""
        found: dict[str, Any] = plain(self)
        return {name: value for name, value in found.items() if name != "macro_f1" or self.values is not None}


class NoteScores(Strict):
    """A reason or an assertion of a field, as the right answers have it."""

    unit: Literal["documents", "items"]
    compared: int
    asked: bool  # whether the task asks for it


class AskedNoteScores(NoteScores):
    """How often the run says what the right answers say."""

    correct: int
    share: float | None
    share_ci95: Ends  # None of items: those of one document err together
    confusion: Confusion


class SignFigures(Strict):
    """One sign, or any, as a detector of errors."""

    values: int  # that have it
    wrong: int  # of these
    precision: float | None  # the share of wrong values among those with the sign
    precision_ci95: Ends
    recall: float | None  # the share of wrong values that have the sign
    recall_ci95: Ends


class FieldSigns(Strict):
    """The signs of the values that the run has, in one field or in all."""

    values: int
    wrong: int
    missed: int  # right values that the run has nothing for: no sign can be at them
    right: float | None  # the share of right values
    right_ci95: Ends
    unmarked: int  # values without any sign
    unmarked_wrong: int
    unmarked_right: float | None  # the share of right values among them
    unmarked_right_ci95: Ends
    any: SignFigures
    signs: Mapping[Sign, SignFigures]


class SignScores(Strict):
    """How well the signs of a run find its errors."""

    overall: FieldSigns
    fields: Mapping[str, FieldSigns]
