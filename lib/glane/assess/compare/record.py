"""What a comparison of runs found, as `comparison.json` tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from glane.assess.evaluate.scores import Confusion, Ends, FieldScores, FieldSigns, Id, Intervals, Overall, Weights
from glane.assess.right_answers import RightAnswers
from glane.records import Record, left_out
from glane.task.signs import Sign
from glane.types import Toy
from glane.validation import Strict


class Cost(Strict):
    """What a whole run took, and that for a thousand documents read."""

    selected: int  # documents
    prompt_tokens: int
    output_tokens: int
    seconds: float
    engine_hours: float
    gpu_hours: float
    tokens_per_1000: float
    seconds_per_1000: float
    gpu_hours_per_1000: float


class ComparedFlow(Strict):
    """How many documents are compared."""

    compared: int
    in_all_runs: int
    gold_not_in_all_runs: int | None = left_out()  # with right answers


class RunSigns(Strict):
    """How many of the documents compared have each sign, on the fields compared."""

    documents: Mapping[Sign, int]
    any: int
    values: FieldSigns | None = left_out()  # with right answers: how well they find errors


class SignDifference(Strict):
    """Documents that have a sign in only one of two runs."""

    only_first: int
    only_other: int
    difference: int  # documents with it in this run, minus those in the first


class ComparedRun(Strict):
    """One run: how it was asked, what it cost, and with right answers how good it is."""

    run: str
    task: str
    model: str
    toy: Toy | None = left_out()  # its answers are no results
    settings: Mapping[str, str]  # those that are not the same in all runs, by dotted key
    cost: Cost | None  # None where the run has no summary
    not_usable: int
    overall: Overall | None = left_out()
    fields: Mapping[str, FieldScores] | None = left_out()
    signs: RunSigns | None = left_out()  # None of rows without columns of signs


class Agreement(Strict):
    """How often a run says the same as the first, whether right or wrong."""

    equal: int  # documents
    equal_share: float | None
    equal_ci95: Ends


class FieldAgreement(Agreement):
    """The same of one field."""

    rule: str
    kappa: float | None = None  # of categories; None where it is not defined, too
    kappa_ci95: Ends = None
    confusion: Confusion | None = None  # of categories

    @model_serializer(mode="wrap")
    def _without_kappa(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A file mentions kappa and the table for categories only."""
        found: dict[str, Any] = plain(self)
        left = () if self.confusion is not None else ("kappa", "kappa_ci95", "confusion")
        return {name: value for name, value in found.items() if name not in left}


class Differences(Strict):
    """A run's measures minus those of the first."""

    precision_difference: float | None
    precision_difference_ci95: Ends
    recall_difference: float | None
    recall_difference_ci95: Ends
    f1_difference: float | None
    f1_difference_ci95: Ends


class PairedTest(Strict):
    """McNemar's exact test, or that of clusters: documents by which of the two runs is right."""

    both_right: int
    only_first_right: int
    only_other_right: int
    neither_right: int
    p: float
    p_holm: float  # corrected over all tests of the family


class FieldDifference(FieldAgreement, Differences, PairedTest):
    """One field with right answers."""


class OverallDifference(Strict):
    """All fields with right answers."""

    micro: Differences
    macro: Differences
    exact: PairedTest  # of whole documents


class Against(Agreement):
    """One run beside the first."""

    run: str
    fields: Mapping[str, FieldDifference | FieldAgreement]
    overall: OverallDifference | None = left_out()  # with right answers
    signs: Mapping[Sign, SignDifference] | None = left_out()  # those that both runs have columns of


class DifferingDocument(Strict):
    """A document on which a run and the first differ."""

    run: str
    id: Id
    fields: tuple[str, ...]


class ComparisonSummary(Record):
    """Runs compared with the first of them."""

    kind: Literal["glane comparison"] = "glane comparison"
    version: Literal[1] = 1
    first: str
    documents: ComparedFlow
    weights: Weights | None
    dates_without_precision: tuple[str, ...]
    fields_left_out: tuple[str, ...]  # not in all runs, of another type, or without right answer
    with_gold: bool
    intervals: Intervals
    runs: tuple[ComparedRun, ...]
    comparisons: tuple[Against, ...]
    documents_that_differ: tuple[DifferingDocument, ...]  # the hundred that differ most
    gold: str | None = None  # the path of the right answers; None without, or of a table in memory
    right_answers: RightAnswers | None = left_out()  # where they are from

    @property
    def toy(self) -> Toy | None:
        """What is said of the comparison, if the answers of a run are no results; random ones are said first."""
        return next((toy for toy in Toy if any(one.toy is toy for one in self.runs)), None)
