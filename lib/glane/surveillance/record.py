"""A surveillance table, as `table.json` tells it: what was counted, and what the figures rest on."""

from __future__ import annotations

import datetime
from typing import Literal

from glane.assess.designs import Design
from glane.assess.right_answers import RightAnswers
from glane.disclosure.record import Disclosed
from glane.records import Record, left_out
from glane.settings.table import TableDefinition
from glane.surveillance.delays import DelaysSummary
from glane.surveillance.dimensions import Unplaced
from glane.types import Toy


class TableSummary(Record):
    """What was asked, and what the table leaves out. The figures are in `table.parquet`."""

    kind: Literal["glane surveillance table"] = "glane surveillance table"
    version: Literal[1] = 1
    run: str = ""  # or several, with commas
    toy: Toy | None = left_out()  # the answers are no results
    gold: str | None = None
    fingerprint: str = ""
    definition: TableDefinition
    case: str  # the definition of a case in words: a condition, or field = value
    method: str | None  # of the correction; None: the model's counts alone
    review: Design | None = left_out()
    right_answers: RightAnswers | None = left_out()  # where they are from
    reviewed: int | None  # documents, of those that the table covers
    documents: int | None  # or persons: with an answer; None where that may not be told
    failed: int | None  # without
    unplaced: Unplaced
    silent: tuple[str, ...] = ()  # places of the table from which no document came
    unnamed: int | None = 0  # of persons: documents that name none, each taken for one
    extracted: tuple[str, ...] = ()  # columns of the table that the model extracted: no review corrects them
    first_day: datetime.date | None
    last_day: datetime.date | None
    note: str | None = None  # of the figure over all
    drifted: tuple[str, ...] = ()  # fields in which sentinels of a run drifted
    places: str | None = None  # the vintage of the official codes
    delays: DelaysSummary | None = left_out()  # of the days of reports
    disclosure: Disclosed | None = left_out()  # what was done about small counts; None: nothing
