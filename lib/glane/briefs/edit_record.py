"""What became of the sentences of a brief in the hands of who edited its Word file."""

from __future__ import annotations

from typing import Literal

from glane.briefs.record import ModelUsed
from glane.records import Record
from glane.validation import Strict

LabelStatus = Literal["kept", "edited", "deleted", "unclear"]


class ClaimLabel(Strict):
    """What became of one sentence. What a person wrote is never verified."""

    id: str
    kind: Literal["figure", "statement"]
    type: str  # the kind of its measure, or of the statement (`glane.briefs.claim_types`)
    status: LabelStatus  # unclear: its id stands there more than once, or not where its sentence is
    is_verified: bool  # it was, and it was kept
    had_passed: bool  # all checks, that of its type aside: what readers judge
    sentence: str  # as the brief said it
    text: str | None = None  # as it stands now, where it was edited
    numbers_changed: bool = False  # a number was added, taken out or changed
    editors: tuple[str, ...] = ()  # of tracked changes


class AddedText(Strict):
    """A text that the brief did not have: a person's, and checked by nothing."""

    text: str
    has_number: bool
    editors: tuple[str, ...] = ()


class BriefLabels(Record):
    """The labels of one edited file."""

    kind: Literal["glane brief labels"] = "glane brief labels"
    version: Literal[1] = 1
    brief: str  # the folder
    claims: str  # the digest of its claims.parquet
    file: str
    digest: str  # of the edited file
    saved_by: str | None  # as its program tells it
    models: tuple[ModelUsed, ...] = ()  # of the brief
    labels: tuple[ClaimLabel, ...]
    added: tuple[AddedText, ...] = ()
    removed: int = (
        0  # paragraphs of the brief that are no sentence, and are gone or changed: a warning, a row of a table
    )

    @property
    def numbers(self) -> tuple[ClaimLabel, ...]:
        """The sentences in which a person changed a number."""
        return tuple(one for one in self.labels if one.numbers_changed)
