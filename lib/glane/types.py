"""The types that every room shares. Plain values: no files, no engines."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypedDict

LOOKUP, NORMALISED = "lookup", "normalised"  # of `<field>__lookup` and `<field>__normalised`
DOCUMENTS = "documents"  # the column of a result of groups that lists the documents of each
Language = Literal["fr", "en"]  # of prompts, codebooks and reports
Precision = Literal["minute", "hour", "day", "week", "month", "year"]  # of a date read from a text
Period = Literal["day", "week", "month", "quarter", "year"]  # of tables by time
Factor = Literal["wording", "model", "reading"]  # in which ways of asking the same documents may differ
KeyType = Literal["text", "list of texts", "list"]  # what a configuration key holds, if no number or group


class Status(StrEnum):
    """The outcome for one document. Only `OK` rows have values; the others have a `reason`, without text of it."""

    OK = "OK"  # the answer is valid
    EMPTY = "EMPTY"  # null or blank text: nothing was asked
    TOO_LONG = "TOO_LONG"  # prompt and answer do not fit in the model's context: nothing was asked
    TRUNCATED = "TRUNCATED"  # the answer reached max_tokens before it ended
    INVALID = "INVALID"  # the answer ended but breaks the task's schema
    REJECTED = "REJECTED"  # cannot be asked: unreadable text, refused by the engine, or it kills the engine


class Toy(StrEnum):
    """Answers that are no results, by where they come from."""

    RANDOM = "random"  # drawn at random
    DEMONSTRATION = "demonstration"  # of a model that was trained on synthetic notes


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One document of a group, and where it stands in the group's text, in code points."""

    id: str | int
    order: str  # what the documents are ordered by, as text; empty if there is nothing
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One input row. `text` is None if the cell is null, or if it cannot be decoded: then `problem` says why.

    With `pieces` it is a group of documents: their texts, with a `glane.form.WALL` between each two.
    """

    id: str | int
    text: str | None
    inputs: Mapping[str, str]  # the task's other inputs, already as text
    problem: str | None = None
    too_long: str | None = None  # why it is too large to be asked, if it is
    pieces: tuple[Piece, ...] | None = None


class Alignment(StrEnum):
    """How closely a quote matches the text that it quotes."""

    EXACT = "exact"  # character by character
    NORMALISED = "normalised"  # except for case, accents, white space, typographic signs and hyphenation
    FUZZY = "fuzzy"  # except for a few letters
    NONE = "none"  # not found: only the model claims it


class Missing(StrEnum):
    """Why a field has no value."""

    NOT_STATED = "not_stated"  # the text does not mention it
    DENIED = "denied"  # the text says that there is none
    UNCERTAIN = "uncertain"  # the text mentions it without a value
    CONFLICTING = "conflicting"  # the text states two values
    UNREADABLE = "unreadable"  # the text stated it, and it cannot be read


class Assertion(StrEnum):
    """How a text asserts a clinical fact, by the distinctions of the i2b2 2010 challenge and its followers."""

    PRESENT = "present"
    ABSENT = "absent"
    POSSIBLE = "possible"
    HISTORICAL = "historical"
    FAMILY = "family"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A passage of the document that supports a value: `text[start:end] == quote`, in code points of the whole text.

    Without alignment (`NONE`) there is neither passage nor offsets. `supports` tells whether the value can be read in
    the passage: None if that cannot be told, as for a category without synonyms. `quote_mass` is the share of the
    model's probability, 0 to 1, that copying left to the quote: near 0 if the model wanted to quote what is not in the
    text. None if it is not known, or if quotes are free.
    """

    quote: str | None
    start: int | None
    end: int | None
    alignment: Alignment
    supports: bool | None = None
    document: str | int | None = None  # of a group: the document that the passage and its offsets are of
    quote_mass: float | None = None


class Found(StrEnum):
    """How a value was found in a reference table."""

    EXACT = "exact"  # a name of the table, character by character
    FOLDED = "folded"  # except for case, accents, hyphens, articles, "St" and the like
    FUZZY = "fuzzy"  # except for a few letters
    AMBIGUOUS = "ambiguous"  # names of several codes are as near: no code
    NONE = "none"  # no name is near: no code


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """What a reference table says of a value. Without a code, there is neither label nor anything of `also`."""

    how: Found
    code: str | None = None
    label: str | None = None
    similarity: float | None = None  # 0 to 100, of a fuzzy match, or the best of several that are ambiguous
    candidates: tuple[str, ...] = ()  # "code label", at most ten: of an ambiguous value, or of a name elsewhere
    also: Mapping[str, str | None] = field(default_factory=dict)  # further columns of the table


class Unread(StrEnum):
    """Why a text could not be brought into one form."""

    NOT_UNDERSTOOD = "not_understood"  # a rule for it is lacking, or it is vague: "quelques jours"
    SEVERAL = "several"  # more than one date or quantity
    AMBIGUOUS = "ambiguous"  # it can be read in two ways: 03/05/2024 in English, "1.200" in French
    IMPOSSIBLE = "impossible"  # no such day, or a quantity below zero
    NO_REFERENCE = "no_reference"  # the date that it is relative to is missing, or no date
    REFERENCE_TOO_COARSE = "reference_too_coarse"  # hours count from a time of day, and the reference has none
    DIRECTION = "direction"  # past or future is not told
    UNIT = "unit"  # without a unit, or one that measures something else
    NO_QUOTE = "no_quote"  # the value has no quote to read


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalDate:
    """A date read from a text, or the reason why there is none."""

    date: datetime.date | None = None
    time: datetime.time | None = None
    precision: Precision | None = None
    origin: Literal["absolute", "relative"] | None = None  # told as a date, or counted from another
    reason: Unread | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalQuantity:
    """A quantity read from a text: from `low` to `high`, which are equal for a single number; or why there is none.

    "More than 20" has no `high`, "less than 20" no `low`.
    """

    low: float | None = None
    high: float | None = None
    unit: str | None = None
    approximate: bool | None = None  # "une vingtaine", "environ", or months in days
    reason: Unread | None = None


@dataclass(slots=True, kw_only=True)
class ExtractedValue:
    """What one answer says about one field: a value, a list, an object, or why there is no value.

    Exactly one of `value`, `items` and `fields` is set, or none of them when the field is null.
    """

    value: object = None  # str, int, float, bool or datetime.date
    precision: str | None = None  # of a partial date: year, month or day
    items: list[ExtractedValue] | None = None  # of a list
    fields: dict[str, ExtractedValue] | None = None  # of an object
    missing: Missing | None = None
    assertion: Assertion | None = None
    quote: str | None = None  # the quote as the model wrote it
    quote_span: tuple[int, int] | None = None  # in the answer's JSON: the quote, with its quotation marks
    evidence: Evidence | None = None  # the quote, found again in the text
    span: tuple[int, int] | None = None  # in the answer's JSON: all that decides what the value is
    lead: tuple[int, int] | None = None  # where the quote stands before the value: what decided that there is a quote
    value_span: tuple[int, int] | None = None  # in the answer's JSON: the value alone; None if there is no value
    confidence: float | None = None  # probability of the value, 0 to 1
    probabilities: Mapping[str, float] | None = None  # of an enum or boolean: probability by value, JSON spelling
    agreement: float | None = None  # share of the passes that give the same value
    conflicts: list[object] = field(default_factory=list)  # other values, from elsewhere in the document
    match: Match | None = None  # of a field with a lookup: set once the record is merged
    recalled: bool = False  # only a recall pass found it
    normal: NormalDate | NormalQuantity | None = None  # of a field to be normalised: likewise

    @property
    def is_null(self) -> bool:
        """Whether there is no value, no list and no object."""
        return self.value is None and self.items is None and self.fields is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """The part of a document that one prompt shows. Offsets are code points of the whole text."""

    text: str
    start: int
    end: int


class Message(TypedDict):
    """One message of a conversation, as chat templates expect it."""

    role: str
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenScores:
    """The tokens of an answer with their log-probabilities, and the likeliest tokens at each place.

    Logarithms are natural, and taken after the grammar's mask: a token that the grammar forced has 0.
    """

    pieces: Sequence[bytes]  # the bytes of each token; joined, they are the answer in UTF-8
    logprobs: Sequence[float]  # of the chosen tokens, one per piece
    others: Sequence[Sequence[tuple[bytes, float]]]  # at each place: (piece, log-probability) of the likeliest tokens
    # At each place: the logarithm of the share of the model's probability that the grammar's mask left, 0 where it
    # forbade nothing. None if that is not known.
    allowed: Sequence[float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The answer of an engine to one prompt."""

    text: str
    finish_reason: str  # "stop", "length", or the engine's term for a refusal
    num_prompt_tokens: int
    num_output_tokens: int  # of the answer
    num_reasoning_tokens: int = 0  # of what the model thought before it
    num_cached_tokens: int | None = None  # of the prompt, found in the engine's prefix cache; None if that is not told
    num_forced_tokens: int | None = None  # of the output, appended without asking the model; None if that is not told
    scores: Callable[[], TokenScores] | None = None  # if confidence is asked for; kept packed until it is called


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """The result for one document: a status and, if that is OK, the extracted values by field.

    Tokens are counted over all prompts about the document.
    """

    status: Status
    reason: str | None = None
    found: Mapping[str, ExtractedValue] | None = None
    finish_reason: str | None = None
    num_prompt_tokens: int | None = None
    num_output_tokens: int | None = None
    num_chunks: int | None = None
    num_repairs: int = 0  # prompts that were asked again because their answer was invalid
    broken_rules: Sequence[str] | None = None  # rules between fields that are still broken after repairs
    leaked: Sequence[str] | None = None  # fields whose value comes from an example of the task, not from the document
    suspicious: Sequence[str] | None = None  # how the document speaks to a model; see `glane.reading.suspicion`
    not_in_quote: Sequence[str] | None = None  # fields with a value that cannot be read in its own quote
    forced_quote: Sequence[str] | None = None  # fields with a quote that the model wanted to begin in another way
    recalled: Sequence[str] | None = None  # places of what only a recall pass found: events[2], events[0].cases
    recalled_without_passage: Sequence[str] | None = None  # of these, items without a passage of their own
    reused: bool = False  # `found` lacks the fields whose values are those of an earlier run
