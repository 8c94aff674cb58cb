"""The flow of a review, as `prisma.json` tells it. What nothing recorded is null there, and never 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from glane.records import Record, left_out
from glane.run.links import RunLink
from glane.types import Toy
from glane.validation import Strict

CheckName = Literal[
    "records_of_sources", "rows_of_data_sets", "screened_are_run", "read_are_counted", "found_are_counted",
    "full_texts_passed", "screened_add_up", "sought_add_up", "assessed_add_up", "reasons_add_up", "ids_once",
]  # fmt: skip


class Check(Strict):
    """Two numbers that must be the same."""

    name: CheckName
    told: int
    found: int

    @property
    def holds(self) -> bool:
        """Whether they are."""
        return self.told == self.found


class Identified(Strict):
    """Records as they came, and which of them were taken out before screening."""

    by_source: Mapping[str, int]
    total: int
    exact: int | None  # copies of an earlier one; None: nobody looked
    near: int | None  # nearly the same as an earlier one
    unreadable: int | None
    other: int  # taken out for another reason: a selection by columns
    kept_duplicates: int  # marked as copies, and screened all the same


class Screened(Strict):
    """Titles and abstracts, by people with a certified recall or by the model alone."""

    by: Literal["people", "model"]
    records: int
    excluded_by_people: int | None  # None: nobody read any
    excluded_unread: int | None  # by people's screening: unread when the recall was reached
    excluded_by_model: int | None  # by the model alone: nothing is certain of what it missed
    waiting: int  # not screened yet
    recall: float | None = left_out()  # at least this share of all that people would pass
    certainty: float | None = left_out()
    unclear: int | None = left_out()  # of those passed on: the model could not decide
    without_answer: int  # the model said nothing
    sought: int  # passed on


class Assessed(Strict):
    """Full texts."""

    not_retrieved: int  # no document
    unreadable: int  # a document without a readable text
    assessed: int
    excluded: int
    reasons: Mapping[str, int]  # excluded ones; "" where no reason is told
    waiting: int  # neither in nor out: unclear, or no usable answer
    included: int
    decided_by_people: int
    studies: int | None  # that the included reports are of; None: they were not linked


class PrismaFlow(Record):
    """All counts, and what was checked of them."""

    kind: Literal["glane prisma flow"] = "glane prisma flow"
    version: Literal[1] = 1
    run: str
    full_text: str | None = left_out()
    runs: tuple[RunLink, ...] = ()
    screening: str | None = left_out()
    toy: Toy | None = left_out()
    identified: Identified | None  # None: no data set was named
    screened: Screened
    assessed: Assessed | None  # None: no run over full texts was named
    checks: tuple[Check, ...]

    @property
    def broken(self) -> tuple[Check, ...]:
        """What does not add up."""
        return tuple(one for one in self.checks if not one.holds)
