"""The nouns that every room shares. Plain values: no files, no engines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What became of one document. Only `OK` rows carry values; the others carry a `reason` without text."""

    OK = "OK"  # answered, and the answer is valid
    EMPTY = "EMPTY"  # null or blank text: nothing was asked
    TOO_LONG = "TOO_LONG"  # prompt and answer do not fit in the model's context: nothing was asked
    TRUNCATED = "TRUNCATED"  # the answer reached max_tokens before it ended
    INVALID = "INVALID"  # the answer ended but breaks the task's schema
    REJECTED = "REJECTED"  # cannot be asked: unreadable text, refused by the engine, or it kills the engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Consecutive rows of one row group. `row_start` counts from the start of the row group."""

    file_index: int
    row_group: int
    row_start: int
    num_rows: int
    selected: tuple[int, ...] | None = None  # offsets from row_start that are asked; None means all

    @property
    def num_selected(self) -> int:
        """Rows of this span that become rows of the result."""
        return self.num_rows if self.selected is None else len(self.selected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """The unit of claiming and committing: a few spans, one or two minutes of work."""

    index: int
    spans: tuple[Span, ...]

    @property
    def num_rows(self) -> int:
        """Rows that the shard's committed part holds."""
        return sum(span.num_selected for span in self.spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One input row. `text` is None where the cell is null or cannot be decoded (`problem` says which)."""

    id: str | int
    text: str | None
    inputs: Mapping[str, str]  # the task's other inputs, already as text
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """The part of a document that one prompt shows. Offsets are code points of the whole text."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What an engine answered to one prompt."""

    text: str
    finish_reason: str  # "stop", "length", or the engine's word for a refusal
    num_prompt_tokens: int
    num_output_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """The judged result for one document: a status, and values by column only where the status is OK."""

    status: Status
    reason: str | None = None
    values: Mapping[str, object] | None = None
    finish_reason: str | None = None
    num_prompt_tokens: int | None = None
    num_output_tokens: int | None = None
