"""Persons in place of documents: each counts once, where the first of its documents that is a case stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from glane.assess.estimate.question import Question
from glane.assess.yes import is_yes

_CASE = "__is_case"


@dataclass(frozen=True, slots=True, kw_only=True)
class Persons:
    """One document for each person: its first case, else its first document."""

    usable: pl.DataFrame
    failed: pl.DataFrame  # of persons of whom no document has an answer
    unnamed: int  # documents that name no person: each is taken for one


def is_case(question: Question, rows: pl.DataFrame) -> pl.Expr:
    """Whether a document is a case."""
    kind = rows.schema[question.field]
    return is_yes(question.field, question.value, of=kind, as_in=kind)


def persons(
    usable: pl.DataFrame, failed: pl.DataFrame, columns: Sequence[str], *, day: str, question: Question
) -> Persons:
    """Take one document of each person.

    Args:
        usable: Documents with an answer: the field of the question, `columns` and `day`.
        failed: Those without.
        columns: Those that together name a person; a document without one of them is taken for a person of its own.
        day: The column of dates that tells which document is the first; those without a date come last.
        question: What makes a case.
    """
    case = is_case(question, usable)
    # A case comes before what is none, whatever the dates: the person is a case from then on.
    ordered = usable.with_columns(case.alias(_CASE)).sort(
        [pl.col(_CASE), pl.col(day)], descending=[True, False], nulls_last=True, maintain_order=True
    )
    is_named = pl.all_horizontal(pl.col(name).is_not_null() for name in columns)
    named, unnamed = ordered.filter(is_named), ordered.filter(~is_named)
    one_each = named.unique(list(columns), keep="first", maintain_order=True)
    failed_named = failed.filter(is_named).unique(list(columns), keep="first", maintain_order=True)
    others = failed_named.join(one_each, on=list(columns), how="anti", maintain_order="left")
    failed_unnamed = failed.filter(~is_named)
    return Persons(
        usable=pl.concat([one_each, unnamed]).drop(_CASE),
        failed=pl.concat([others, failed_unnamed]),
        unnamed=unnamed.height + failed_unnamed.height,
    )
