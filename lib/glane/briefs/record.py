"""What a brief is made of: measures with their values, claims with their quotes and checks, and what all rests on."""

from __future__ import annotations

import datetime
from typing import Literal

from glane.assess.designs import Design
from glane.assess.right_answers import RightAnswers
from glane.records import Record, left_out
from glane.settings.brief_definition import BriefDefinition, Kind, Words
from glane.settings.table import Level, Unit
from glane.types import Language, Toy
from glane.validation import Strict

Status = Literal["verified", "unverified", "dropped", "left_out"]  # left out: verified, and beyond the length


class Days(Strict):
    """A period by its first and last day."""

    first: datetime.date
    last: datetime.date


class Place(Strict):
    """Where the documents of a figure are from."""

    column: str
    value: str
    level: Level | None = None
    name: str  # of an official code, what it is called; else the value


class Measure(Strict):
    """What a figure is of. The condition is the whole of it: period, place and subset are in it."""

    name: str
    kind: Kind
    unit: Unit
    case: str | None  # the condition that is counted, of all that is asked
    among: str | None  # the condition on the documents that are looked at; None: all
    label: Words
    subset: Words | None = None  # what the documents of the brief are called, if they are some
    whole: Words | None = None  # of a share: what the documents are called that it is a part of
    period: Days | None = None
    before: Days | None = None  # of a ratio: the period that it is compared with
    place: Place | None = None
    group: str | None = None  # the value of `by`
    by: str | None = None
    field: str | None = None
    field_unit: Words | None = None
    people: int | None = None
    source: str | None = None
    per: int | None = None
    level: float


class Value(Strict):
    """What a measure is. Where a review corrects it, `value` is the corrected figure, and `model` that of the model."""

    value: float | None
    low: float | None = None
    high: float | None = None
    model: float | None
    counted: int  # documents or persons, by the model: the cases
    documents: int  # or persons: among which they are
    failed: int | None = 0  # documents of the period without an answer; None where that may not be told
    unknown: int | None = 0  # documents or persons among them of which the condition cannot be told: no cases
    before: int | None = None  # of a ratio: cases in the period before
    documents_before: int | None = None
    p: float | None = None  # of a ratio: that both rates are the same
    reviewed: int | None = None  # documents that correct it; None: nobody has
    reviewed_here: int | None = None  # of these, among the documents that are looked at; None where that is uncertain
    note: str | None = None  # what is said of the review, as an estimate's notes are
    is_incomplete: bool = False  # days of its periods have no documents, and should
    is_mixed: bool = False  # of a ratio: sources have documents in one of the periods only
    is_drifted: bool = False  # sentinels say that the model reads otherwise than before


class Quote(Strict):
    """A passage of a document: `text[start:end]`, in code points."""

    number: int  # in its bundle
    document: str
    text: str
    start: int
    end: int
    day: datetime.date | None = None
    place: str | None = None


class Check(Strict):
    """One check of a claim: its name, and why it failed, without text of a document."""

    name: str
    passed: bool


class Claim(Strict):
    """One sentence of a brief."""

    id: str
    kind: Literal["figure", "statement"]
    fr: str | None = None  # the sentence; a figure has it in both languages, a statement in the one it was made in
    en: str | None = None
    measure: Measure | None = None
    value: Value | None = None
    documents: tuple[str, ...] = ()  # of a figure: the first of those that are counted
    quotes: tuple[Quote, ...] = ()
    checks: tuple[Check, ...] = ()
    status: Status

    def sentence(self, language: Language) -> str:
        """The sentence, in the other language where this one has none."""
        fr, en = self.fr or self.en or "", self.en or self.fr or ""
        return fr if language == "fr" else en

    @property
    def failed(self) -> tuple[str, ...]:
        """The checks that it failed."""
        return tuple(one.name for one in self.checks if not one.passed)


class AbsentEvent(Strict):
    """A key event of which no sentence tells."""

    name: str | None  # the value of its group, or the entity of the links; None of a document by itself
    num: int  # documents
    documents: tuple[str, ...]  # the first of them


class KeyEvents(Strict):
    """Events of one sort, and those of them that no verified statement cites."""

    of: Literal["case", "group", "linked"]
    label: Words | None = None  # of a condition
    column: str | None = None  # of groups
    events: int
    cited: int
    absent: tuple[AbsentEvent, ...]  # the largest, and the rarest; or the first documents


class Coverage(Strict):
    """What statements leave out."""

    documents: int  # that the brief is of
    quoted: int  # of which a passage was read
    cited: int  # that a verified statement cites
    suspicious: int  # that speak to a model: left out
    found: int | None = left_out()  # that a search found, and were to be read alone; None: all were to be read
    groups_absent: tuple[str, ...] = ()  # documents by day or place of which no statement tells
    key: tuple[KeyEvents, ...] | None = left_out()  # None: nobody said what the key events are


class Calibrated(Strict):
    """What a calibration promises: at most `alpha` of accepted statements are wrong, but with probability `delta`."""

    alpha: float
    delta: float


class LabelledType(Strict):
    """What labels say of one type of statements."""

    type: str
    labels: int  # statements that readers have judged
    unsupported: int
    is_accepted: bool
    needed: int | None  # further labels, all supported, that would suffice; None: it is accepted, or too many are not


class LabelledTypes(Strict):
    """Of each accepted type, at most `alpha` of statements are unsupported, but with probability `delta` for all."""

    alpha: float
    delta: float
    digests: tuple[str, ...]  # of the edited files
    others: int  # edited files of other models or questions, which tell nothing
    types: tuple[LabelledType, ...]

    @property
    def accepted(self) -> frozenset[str]:
        """The accepted types."""
        return frozenset(one.type for one in self.types if one.is_accepted)


class BriefDisclosed(Strict):
    """The rule that a brief leaves by: its figures are cells that protected tables told, and no others."""

    least: int  # counts below it are suppressed in all of these tables
    tables: tuple[str, ...]
    digests: tuple[str, ...]  # of their rows
    is_hidden: bool  # whether figures were left out, as their cells are suppressed


class LeftOut(Strict):
    """The values of a column of which a measure has no figure, and why: none of the brief's documents has them."""

    measure: str
    by: str
    values: tuple[str, ...]  # that other documents of the run have
    unnamed: int  # documents of the brief without a value: in no figure by it


class Signature(Strict):
    """Who has read a brief, when, and what it said then."""

    name: str
    day: datetime.date
    claims: str  # the digest of claims.parquet
    brief: str  # that of brief.json, without the days and the signature


class ModelUsed(Strict):
    """A model whose answers are in a brief."""

    name: str
    role: str  # records, statements, same, support
    fingerprint: str
    licence: str | None = None
    toy: Toy | None = left_out()


class BriefSummary(Record):
    """What a brief rests on. The claims are in `claims.parquet`."""

    kind: Literal["glane brief"] = "glane brief"
    version: Literal[1] = 1
    run: str
    fingerprint: str
    toy: Toy | None = left_out()
    gold: str | None = None
    gold_digests: tuple[str, ...] = ()  # of its files, in the order of their names; none of a table in memory
    found_digests: tuple[str, ...] = ()  # of the table of ids that says which documents statements are of
    review: Design | None = left_out()
    right_answers: RightAnswers | None = left_out()
    definition: BriefDefinition
    day: datetime.date  # when it was made
    claims: str = ""  # the digest of claims.parquet
    period: Days | None = None
    documents: int | None  # None where that may not be told
    failed: int | None
    models: tuple[ModelUsed, ...] = ()
    figures: int = 0
    statements: int | None = 0  # that a model made; None where that may not be told
    verified: int | None = 0  # of these
    without_figure: tuple[LeftOut, ...] = ()  # what no figure tells of
    failures: dict[str, int] = {}  # statements by the check that failed first
    merged: int | None = 0  # statements that say what another one says
    coverage: Coverage | None = None
    calibrated: Calibrated | None = left_out()
    labelled: LabelledTypes | None = left_out()  # None: no labels were given
    disclosure: BriefDisclosed | None = left_out()  # None: small counts stand as they are
    is_unfinished: bool = False  # statements are asked for, and not all answered
    signature: Signature | None = None
    language: Language = "fr"

    def unsigned(self) -> BriefSummary:
        """What is signed: all of it but who signs, and the day on which it was made."""
        return self.model_copy(update={"signature": None, "day": datetime.date.min})
