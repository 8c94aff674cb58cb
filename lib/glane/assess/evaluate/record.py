"""What an evaluation found, as `evaluation.json` tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from glane.assess.evaluate.scores import (
    AskedNoteScores,
    DescribedField,
    DocumentFlow,
    FieldScores,
    Intervals,
    NoteScores,
    Overall,
    Weights,
)
from glane.records import Record, left_out
from glane.validation import Strict


class EvidenceScores(Strict):
    """How well the quotes of a field stand in the text, and whether they meet the passages that a person marked."""

    quotes: int
    exact: int
    normalised: int
    fuzzy: int
    none: int
    exact_share: float | None
    exact_or_normalised_share: float | None
    with_marked_passage: int | None = left_out()
    overlap_share: float | None = left_out()
    iou_mean: float | None = left_out()


class GroupScores(Overall):
    """The measures of a subgroup."""

    fields: Mapping[str, FieldScores]


class EvaluationSummary(Record):
    """A run beside right answers. What names the run is empty where rows were compared without one."""

    kind: Literal["glane evaluation"] = "glane evaluation"
    version: Literal[1] = 1
    run: str = ""
    task: str = ""
    model: str = ""
    fingerprint: str = ""
    gold: str | None = None  # the path of the right answers; None of a table in memory
    documents: DocumentFlow
    weights: Weights | None
    fields_without_gold: tuple[str, ...]
    dates_without_precision: tuple[str, ...]
    intervals: Intervals
    overall: Overall
    fields: Mapping[str, DescribedField]
    reasons: Mapping[str, AskedNoteScores | NoteScores]
    assertions: Mapping[str, AskedNoteScores | NoteScores]
    evidence: Mapping[str, EvidenceScores]
    by: Mapping[str, Mapping[str, GroupScores]]  # by column, then by value
