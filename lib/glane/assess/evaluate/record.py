"""What an evaluation found, as `evaluation.json` tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from glane.assess.evaluate.scores import (
    AskedNoteScores,
    DescribedField,
    DocumentFlow,
    Ends,
    FieldScores,
    Intervals,
    NoteScores,
    Overall,
    SignScores,
    Weights,
)
from glane.assess.right_answers import RightAnswers
from glane.records import Record, left_out
from glane.types import Toy
from glane.validation import Strict


class EvidenceScores(Strict):
    """How often the quotes of a field are found in the text, and overlap the passages that a person marked."""

    quotes: int
    exact: int
    normalised: int
    fuzzy: int
    none: int
    exact_share: float | None
    exact_or_normalised_share: float | None
    with_marked_passage: int | None = left_out()  # None where no passages are given
    overlap_share: float | None = None  # None where no quote has a marked passage, too
    iou_mean: float | None = None

    @model_serializer(mode="wrap")
    def _without_passages(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A file mentions the overlap where passages are given, even if it is not defined."""
        found: dict[str, Any] = plain(self)
        left = () if self.with_marked_passage is not None else ("overlap_share", "iou_mean")
        return {name: value for name, value in found.items() if name not in left}


class GroupScores(Overall):
    """The measures of a subgroup."""

    fields: Mapping[str, FieldScores]


class ArmDifference(Strict):
    """Assisted less blind: above 0 where the run looks better to readers who saw its answers."""

    f1: float | None
    f1_ci95: Ends
    exact: float | None
    exact_ci95: Ends


class ArmScores(Strict):
    """A review of which some documents, drawn at random, were shown without the model's answers."""

    blind: GroupScores
    assisted: GroupScores
    overall: ArmDifference  # F1 is the micro-average
    fields: Mapping[str, ArmDifference]


class EvaluationSummary(Record):
    """A run compared with right answers. The keys that name the run are empty if rows were compared without a run."""

    kind: Literal["glane evaluation"] = "glane evaluation"
    version: Literal[1] = 1
    run: str = ""
    task: str = ""
    model: str = ""
    toy: Toy | None = left_out()  # the answers are no results
    fingerprint: str = ""
    gold: str | None = None  # the path of the right answers; None of a table in memory
    right_answers: RightAnswers | None = left_out()  # where they are from; None of rows compared without a run
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
    signs: SignScores | None = left_out()  # None of rows without columns of signs
    arms: ArmScores | None = left_out()  # of right answers that have documents of both
    by: Mapping[str, Mapping[str, GroupScores]]  # by column, then by value
