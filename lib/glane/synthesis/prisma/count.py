"""Counts the flow from tables of ids: what came, what was screened, what was assessed. Pure; ids are texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from glane.assess.screen.record import ScreeningState
from glane.documents.parsed import Outcome
from glane.synthesis.prisma.record import Assessed, Check, Identified, Screened
from glane.types import Status

ID, DECISION, REASON, STATUS = "id", "decision", "reason", "status"
SOURCE, EXACT, NEAR, OUTCOME = "source", "duplicate_of", "near_duplicate_of", "outcome"
_READABLE = (Outcome.OK, Outcome.OCR, Outcome.NEEDS_OCR)
_NO_TEXT = (Status.EMPTY, Status.REJECTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The values of the field of decisions."""

    include: str = "include"
    exclude: str = "exclude"


def identified(sources: pl.DataFrame, records: pl.Series, *, told: int | None) -> tuple[Identified, list[Check]]:
    """What became of the rows of the sources before screening.

    Args:
        sources: `ID`; where they are known, `SOURCE`, `EXACT`, `NEAR`, `OUTCOME`.
        records: The ids that were screened.
        told: How many rows the data sets say that they have; None: they say nothing.
    """
    there = sources.with_columns(kept=pl.col(ID).is_in(records.implode()))
    gone, kept = there.filter(~pl.col("kept")), there.filter("kept")
    counts = Counter(gone.with_columns(why=_why(sources))["why"].to_list())
    by_source = Counter(sources[SOURCE].fill_null("").to_list()) if SOURCE in sources.columns else {}
    copies = kept.filter(_is_copy(sources)).height
    found = Identified(
        by_source=dict(sorted(by_source.items(), key=lambda item: (-item[1], item[0]))), total=sources.height,
        exact=counts["exact"] if EXACT in sources.columns else None,
        near=counts["near"] if NEAR in sources.columns else None,
        unreadable=counts["unreadable"] if OUTCOME in sources.columns else None, other=counts["other"],
        kept_duplicates=copies,
    )  # fmt: skip
    checks = [
        Check(name="records_of_sources", told=len(records), found=kept.height),
        Check(name="ids_once", told=sources.height, found=sources[ID].n_unique()),
    ]
    if told is not None:
        checks.append(Check(name="rows_of_data_sets", told=told, found=sources.height))
    return found, checks


def _is_copy(sources: pl.DataFrame) -> pl.Expr:
    marks = [pl.col(name).is_not_null() for name in (EXACT, NEAR) if name in sources.columns]
    return pl.any_horizontal(marks) if marks else pl.lit(False)


def _why(sources: pl.DataFrame) -> pl.Expr:
    why = pl.lit("other")
    if OUTCOME in sources.columns:
        readable = pl.col(OUTCOME).is_in([str(one) for one in _READABLE])
        why = pl.when(~readable.fill_null(True)).then(pl.lit("unreadable")).otherwise(why)
    for name, word in ((NEAR, "near"), (EXACT, "exact")):
        if name in sources.columns:
            why = pl.when(pl.col(name).is_not_null()).then(pl.lit(word)).otherwise(why)
    return why


def screened_by_people(
    rows: pl.DataFrame, state: ScreeningState, read: pl.DataFrame
) -> tuple[Screened, list[str], list[Check]]:
    """What people made of the records, and the ids that they passed.

    Args:
        rows: `ID` and `STATUS` of all records.
        state: Of the screening.
        read: `ID` and `is_case` of the records that were read.
    """
    passed = read.filter("is_case")[ID].to_list()
    unread = rows.height - read.height
    found = Screened(
        by="people", records=rows.height, excluded_by_people=read.height - len(passed),
        excluded_unread=unread if state.is_reached else None, excluded_by_model=None,
        waiting=0 if state.is_reached else unread, recall=state.recall_at_least,
        certainty=state.screening.certainty, without_answer=_without_answer(rows), sought=len(passed),
    )  # fmt: skip
    checks = [
        Check(name="screened_are_run", told=state.screening.documents, found=rows.height),
        Check(name="read_are_counted", told=state.read, found=read.filter(pl.col(ID).is_in(rows[ID].implode())).height),
        Check(name="found_are_counted", told=state.found, found=len(passed)),
        _screened_add_up(found),
    ]
    return found, passed, checks


def screened_by_model(rows: pl.DataFrame, words: Words) -> tuple[Screened, list[str], list[Check]]:
    """What the model alone excluded: all others are passed on. `rows`: `ID`, `STATUS`, `DECISION`."""
    excluded = (pl.col(STATUS) == Status.OK) & (pl.col(DECISION) == words.exclude)
    passed = rows.filter(~excluded.fill_null(False))
    sure = passed.filter((pl.col(STATUS) == Status.OK) & (pl.col(DECISION) == words.include)).height
    without = _without_answer(rows)
    found = Screened(
        by="model", records=rows.height, excluded_by_people=None, excluded_unread=None,
        excluded_by_model=rows.height - passed.height, waiting=0, unclear=passed.height - sure - without,
        without_answer=without, sought=passed.height,
    )  # fmt: skip
    return found, passed[ID].to_list(), [_screened_add_up(found)]


def _without_answer(rows: pl.DataFrame) -> int:
    return rows.filter(pl.col(STATUS) != Status.OK).height


def _screened_add_up(told: Screened) -> Check:
    parts = (told.excluded_by_people, told.excluded_unread, told.excluded_by_model, told.waiting, told.sought)
    return Check(name="screened_add_up", told=told.records, found=sum(one or 0 for one in parts))


def assessed(
    rows: pl.DataFrame, sought: Sequence[str], words: Words, entities: Mapping[str, str] | None
) -> tuple[Assessed, list[Check]]:
    """What became of the records that were passed on.

    Args:
        rows: Of the full texts: `ID`, `STATUS`, `DECISION`, `REASON`, and `people`, whether a person decided.
        sought: The ids that screening passed.
        words: The values of `DECISION`.
        entities: The study of each report; None: they were not linked.
    """
    mine = rows.filter(pl.col(ID).is_in(pl.Series(sought, dtype=pl.String).implode()))
    readable = mine.filter(~pl.col(STATUS).is_in([str(one) for one in _NO_TEXT]) | pl.col("people"))
    excluded = readable.filter(pl.col(DECISION) == words.exclude)
    included = readable.filter(pl.col(DECISION) == words.include)
    reasons = Counter(excluded[REASON].fill_null("").to_list())
    found = Assessed(
        not_retrieved=len(set(sought)) - mine.height, unreadable=mine.height - readable.height,
        assessed=readable.height, excluded=excluded.height, reasons=dict(reasons.most_common()),
        waiting=readable.height - excluded.height - included.height, included=included.height,
        decided_by_people=readable.filter("people").height,
        studies=None if entities is None else len({entities.get(one, one) for one in included[ID]}),
    )  # fmt: skip
    return found, [
        Check(name="full_texts_passed", told=rows.height, found=mine.height),
        Check(name="sought_add_up", told=len(sought), found=found.not_retrieved + found.unreadable + found.assessed),
        Check(name="assessed_add_up", told=found.assessed, found=found.excluded + found.waiting + found.included),
        Check(name="reasons_add_up", told=found.excluded, found=sum(found.reasons.values())),
    ]
