"""The nouns that every room shares. Plain values: no files, no engines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypedDict

Language = Literal["fr", "en"]  # of prompts, codebooks and reports


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


class Alignment(StrEnum):
    """How a quote was found in the text that it quotes."""

    EXACT = "exact"  # letter by letter
    NORMALISED = "normalised"  # but for case, accents, white space, typographic signs and hyphenation
    FUZZY = "fuzzy"  # with a few letters changed
    NONE = "none"  # not found: the model's word only


class Missing(StrEnum):
    """Why a field has no value."""

    NOT_STATED = "not_stated"  # the text does not speak of it
    DENIED = "denied"  # the text says that there is none
    UNCERTAIN = "uncertain"  # the text speaks of it without saying what
    CONFLICTING = "conflicting"  # the text says two things
    UNREADABLE = "unreadable"  # the text had it, and it cannot be read


class Assertion(StrEnum):
    """How a text speaks of a clinical fact, as i2b2 2010 and its followers tell them apart."""

    PRESENT = "present"
    ABSENT = "absent"
    POSSIBLE = "possible"
    HISTORICAL = "historical"
    FAMILY = "family"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A passage of the document that supports a value: `text[start:end] == quote`, in code points of the whole text.

    Without alignment (`NONE`) there is neither passage nor offsets.
    """

    quote: str | None
    start: int | None
    end: int | None
    alignment: Alignment


@dataclass(slots=True, kw_only=True)
class ExtractedValue:
    """What one answer says of one field: a value, a list of them, an object, or why there is none.

    Exactly one of `value`, `items` and `fields` is set, or none of them when the field is null.
    """

    value: object = None  # str, int, float, bool or datetime.date
    precision: str | None = None  # of a partial date: year, month or day
    items: list[ExtractedValue] | None = None  # of a list
    fields: dict[str, ExtractedValue] | None = None  # of an object
    missing: Missing | None = None
    assertion: Assertion | None = None
    quote: str | None = None  # as the model wrote it
    evidence: Evidence | None = None  # the quote, found again in the text
    span: tuple[int, int] | None = None  # of the answer's JSON: all that decides between this value and another or none
    value_span: tuple[int, int] | None = None  # of the answer's JSON: the value alone; None where there is none
    confidence: float | None = None  # probability of the value, 0 to 1
    probabilities: Mapping[str, float] | None = None  # of an enum or boolean: probability by value, JSON spelling
    agreement: float | None = None  # share of the passes that say the same
    conflicts: list[object] = field(default_factory=list)  # other values, found elsewhere in the document

    @property
    def is_null(self) -> bool:
        """Whether there is no value of any shape."""
        return self.value is None and self.items is None and self.fields is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """The part of a document that one prompt shows. Offsets are code points of the whole text."""

    text: str
    start: int
    end: int


class Message(TypedDict):
    """One turn of a conversation, as chat templates take it."""

    role: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenScores:
    """The tokens of an answer and how probable the model held them, and the likeliest others at each place.

    Log-probabilities are natural, taken after the grammar's mask: a token that the grammar forced has 0.
    """

    pieces: Sequence[bytes]  # the bytes of each token; joined they are the answer, in UTF-8
    logprobs: Sequence[float]  # of the token that was chosen, one per piece
    others: Sequence[Sequence[tuple[bytes, float]]]  # at each place: (piece, log-probability) of the likeliest tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What an engine answered to one prompt."""

    text: str
    finish_reason: str  # "stop", "length", or the engine's word for a refusal
    num_prompt_tokens: int
    num_output_tokens: int
    scores: Callable[[], TokenScores] | None = None  # where confidence is asked for; packed until it is called


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """The judged result for one document: a status, and what was found by field only where the status is OK.

    Tokens are those of all prompts that were asked about the document.
    """

    status: Status
    reason: str | None = None
    found: Mapping[str, ExtractedValue] | None = None
    finish_reason: str | None = None
    num_prompt_tokens: int | None = None
    num_output_tokens: int | None = None
    num_chunks: int | None = None
    num_repairs: int = 0  # answers that could not be used and were asked again
    broken_rules: Sequence[str] | None = None  # rules between fields that stayed broken
    leaked: Sequence[str] | None = None  # fields whose value is an example's and not the document's
