"""What documents without an answer could change: bounds, for they are rarely missing at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from glane.assess.estimate.figures import joined_notes
from glane.assess.estimate.notes import note
from glane.assess.estimate.question import GROUP, Question, group_of
from glane.assess.estimate.record import Estimate, Together

_NOWHERE = note("nowhere")


def with_failed(
    found: Sequence[Estimate], question: Question, failed: pl.DataFrame | None, *, is_unknown: bool
) -> list[Estimate]:
    """The same shares or counts with what they would be if none of the failed documents were a yes, and if all were.

    Args:
        found: one estimate, or one for each group.
        question: theirs.
        failed: rows without an answer, with the column `by`.
        is_unknown: whether the value asked for occurs nowhere, which is noted.
    """
    counts: dict[object, int] = {}
    if failed is not None and failed.height:
        groups = failed.with_columns(group_of(failed.schema, question).alias(GROUP))  # a literal is of each row
        counts = dict(groups[GROUP].value_counts().iter_rows())
    return [
        replace(_bounded(one, counts.get(one.group, 0), question), note=joined_notes(one.note, _NOWHERE * is_unknown))
        for one in found
    ]


def total_with_failed(together: Together, question: Question, failed: pl.DataFrame | None) -> Together:
    """The figure over all groups with the same: of failed documents of any group, and of none that there is."""
    num = 0 if failed is None else failed.height
    return together.model_copy(update={"total": _bounded(together.total, num, question)})


def _bounded(one: Estimate, num: int, question: Question) -> Estimate:
    if not num or one.estimate is None:
        return replace(one, n_failed=num)
    if question.what == "count":
        return replace(one, n_failed=num, if_failed_no=one.estimate, if_failed_yes=one.estimate + num)
    yes, whole = one.estimate * one.n_run, one.n_run + num
    return replace(one, n_failed=num, if_failed_no=yes / whole, if_failed_yes=(yes + num) / whole)
