"""What a screening is of and how far it is, as its files tell."""

from __future__ import annotations

from typing import Literal

from pydantic import Field as Key

from glane.assess.screen.certificate import How
from glane.records import Record, left_out
from glane.types import Language, Toy
from glane.validation import Strict


class Screening(Record):
    """What a screening asks, written once: `screening.json`. Another question is another screening."""

    kind: Literal["glane screening"] = "glane screening"
    version: Literal[2] = 2
    run: str  # the digest of the run's fingerprint
    run_id: str
    task: str
    field: str | None
    value: str
    case: str | None
    fields: tuple[str, ...]  # that people read
    recall: float
    certainty: float
    rows: int
    seed: int
    documents: int
    order: str  # the digest of the bytes of order.parquet
    places: str | None = left_out()  # that of what it holds: encrypted, it is other bytes each time that it is made


class BatchPage(Record):
    """How a batch was drawn, once and for all: `batch.json`. Files of readers of another page are not its answers."""

    kind: Literal["glane screening batch"] = "glane screening batch"
    version: Literal[2] = 2
    number: int
    how: How
    documents: int = Key(ge=1)
    page: str


class BatchState(Strict):
    """A batch that was read, in documents, and what was certain after it."""

    number: int
    how: How
    read: int
    cases: int
    most_cases: int
    recall_at_least: float


class ScreeningState(Record):
    """How far a screening is: `state.json`."""

    kind: Literal["glane screening state"] = "glane screening state"
    version: Literal[2] = 2
    screening: Screening
    without_answer: int  # documents of which the model said nothing: they are candidates as others
    read: int
    found: int
    most_cases: int  # that there can be, with the certainty asked
    recall_at_least: float
    is_reached: bool
    still_to_draw: int  # documents, drawn at random, if none of them is a case
    batches: tuple[BatchState, ...]
    language: Language
    toy: Toy | None = left_out()
