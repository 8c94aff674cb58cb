"""The reviewed documents that figures of runs are corrected by."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from glane.api.cases import gold_with_case, refuse_unknown_categories
from glane.api.gold import gold_of
from glane.api.several_runs import SeveralRuns
from glane.api.sources import TableLike
from glane.assess.designs import Design, design_of
from glane.assess.estimate.case import CASE, CaseDefinition
from glane.assess.estimate.question import with_weights
from glane.assess.estimate.whole_sample import check_whole
from glane.assess.right_answers import RightAnswers
from glane.assess.sampling import PROBABILITY


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """Right answers with their weights, and how they came to be."""

    table: pl.DataFrame
    design: Design
    right_answers: RightAnswers  # where they are from
    is_sample: bool  # drawn by glane, with the probabilities that it gave


def reviewed_of(
    gold: TableLike,
    runs: SeveralRuns,
    field: str,
    *,
    case: str | None,
    weight: str | None,
    inclusion_probability: str | None,
) -> Reviewed:
    """Read right answers for a figure of `field`, or of a case definition.

    Raises:
        GlaneError: if they do not fit the runs.
    """
    right = gold_of(gold, runs.runs)
    table = right.table
    design = design_of(table, fields=runs.first.task.fields)
    if case is None:
        refuse_unknown_categories(runs.first, table, [field])
    else:
        table = gold_with_case(runs.runs, table, CaseDefinition(case))
    found = with_weights(table, weight=weight, inclusion_probability=inclusion_probability)
    is_sample = weight is None and inclusion_probability in (None, PROBABILITY) and PROBABILITY in found.columns
    return Reviewed(table=found, design=design, right_answers=right.right_answers, is_sample=is_sample)


def check_sample(reviewed: Reviewed, rows: pl.DataFrame, runs: SeveralRuns) -> None:
    """Check that a sample drawn by glane is whole, in the runs and in all.

    Raises:
        DataError: if documents that were drawn are missing.
    """
    id_column, table = runs.first.id_column, reviewed.table
    # Ids of another type are told elsewhere, with the remedy.
    if not reviewed.is_sample or table.schema.get(id_column) != rows.schema[id_column]:
        return
    in_runs = table.join(rows.select(id_column), on=id_column, how="semi")
    num_usable = runs.num_drawn_from(in_runs[id_column])
    check_whole(table, num_usable=num_usable)  # also of what is not in the runs: chance has no part in that sum
    check_whole(in_runs, num_usable=num_usable, is_part=in_runs.height < table.height)


def asked_field(field: str | None) -> str:
    """The column that a question is of: a field, or that of the case definition."""
    return CASE if field is None else field
