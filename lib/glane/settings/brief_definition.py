"""What a brief tells of, and by which figures: a file of `conf/brief/` or of a user's own folder."""

from __future__ import annotations

import datetime
from typing import Annotated, Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.shapes import HomePath, one_or_many
from glane.settings.table import Level, Unit, Weeks
from glane.types import Language, Period
from glane.validation import Strict

Kind = Literal["count", "share", "rate", "ratio", "median"]
Policy = Literal["drop", "show"]
Name = Annotated[str, Key(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]


class Words(Strict):
    """What something is called in each language."""

    fr: str = Key(min_length=1, max_length=200)
    en: str = Key(min_length=1, max_length=200)

    def of(self, language: Language) -> str:
        """The words of a language."""
        return self.fr if language == "fr" else self.en


class BriefPeriod(Strict):
    """Which days a brief is of: from `first` to `last`, or the last whole period of the run's documents."""

    column: str
    source: str | None = None  # the column that says who sent a document: a ratio compares the same ones
    every: Period = "week"
    weeks: Weeks = "iso"
    first: datetime.date | None = None
    last: datetime.date | None = None

    @model_validator(mode="after")
    def _both_ends(self) -> Self:
        if (self.first is None) != (self.last is None):
            raise ValueError("first, last: give both days, or none: the last whole period (every) is then taken")
        if self.first is not None and self.last is not None and self.last < self.first:
            raise ValueError(f"last: {self.last} is before first, {self.first}")
        return self


class BriefPlace(Strict):
    """Where documents are from: those with `value` in a column. With a `level`, it is an official code of France."""

    column: str
    value: str
    level: Level | None = None


class Subset(Strict):
    """Documents for which a condition holds, and what they are called."""

    case: str
    label: Words


class Population(Strict):
    """The people of a rate, and who counted them."""

    people: int = Key(gt=0)
    source: str = Key(min_length=1, max_length=200)


class MeasureSettings(Strict):
    """A figure of a brief. Its sentence is made of it, and of nothing else."""

    name: Name
    kind: Kind = "count"
    case: str | None = None  # a condition in SQL: which documents are counted; of a median, which have part in it
    label: Words  # what these are called, as a noun with its article: "une fièvre", "fever"
    among: Subset | None = None  # of a share: the documents that are the whole; all if not told
    field: str | None = None  # of a median: the number
    unit: Words | None = None  # of a median: its unit
    population: Population | None = None  # of a rate
    per: int = Key(default=100_000, gt=0)  # of a rate
    by: str | None = None  # a column: one figure for each of its values

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind != "median" and self.case is None:
            raise ValueError(f"{self.name}: case: say which documents are counted, as case: fever AND cough")
        if (self.kind == "median") != (self.field is not None and self.unit is not None):
            raise ValueError(f"{self.name}: field and unit are what a median needs, and go with no other kind")
        if (self.kind == "rate") != (self.population is not None):
            raise ValueError(f"{self.name}: population: {{people: …, source: …}} and kind: rate go together")
        if self.among is not None and self.kind != "share":
            raise ValueError(f"{self.name}: among is the whole of a share; of a {self.kind}, put it into case")
        if self.by is not None and self.kind in ("rate", "ratio"):
            raise ValueError(f"{self.name}: by goes with a count, a share or a median")
        return self


class KeySettings(Strict):
    """Which events statements should tell of: those that none cites are counted, and listed."""

    cases: tuple[Subset, ...] = ()  # each document of these is an event: deaths > 0
    by: tuple[str, ...] = ()  # columns or fields: each value is an event
    links: HomePath | None = None  # the out.dir of glane link: what several documents tell of is an event
    listed: int = Key(default=10, ge=1, le=200)  # of each sort, at most

    _listed = field_validator("by", mode="before")(one_or_many)

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.cases and not self.by and self.links is None:
            raise ValueError("name cases, by or links: what the key events are")
        return self


class StatementSettings(Strict):
    """Which quotes a model reads to say what documents report. Figures are never taken from it."""

    fields: tuple[str, ...] = Key(min_length=1)  # whose quotes are read
    question: Words
    place: str | None = None  # a column that says where a document is from: it is read with the quote
    found: HomePath | None = None  # a table with ids, as `glane search … out=FILE` writes it: only these are read
    key: KeySettings | None = None  # the events that must not be passed over in silence
    bundle: int = Key(default=8, ge=2, le=20)  # quotes that are read together
    claims: int = Key(default=4, ge=1, le=10)  # of one bundle, at most
    levels: int = Key(default=1, ge=0, le=6)  # of merging by the model what says the same; 0: only equal texts
    length: int = Key(default=12, ge=1, le=200)  # sentences in the brief, those of most documents first

    _listed = field_validator("fields", mode="before")(one_or_many)


class BriefDisclosure(Strict):
    """What a brief may tell when it leaves: the figures that protected tables have told."""

    tables: tuple[HomePath, ...] = Key(min_length=1)  # each the out.dir of glane aggregate with table.disclosure
    statements: bool = False  # whether statements leave, too: those without a number, without their passages

    _listed = field_validator("tables", mode="before")(one_or_many)


class BriefDefinition(Strict):
    """A brief: which documents, which figures, and what is asked of the quotes."""

    name: str
    title: Words
    audience: str | None = None
    language: Language = "fr"  # of statements; figures are told in both
    unit: Unit = "document"
    person: tuple[str, ...] = ()
    where: Subset | None = None  # which documents the brief is of
    period: BriefPeriod | None = None
    place: BriefPlace | None = None
    measures: tuple[MeasureSettings, ...] = Key(min_length=1)
    statements: StatementSettings | None = None
    policy: Policy = "drop"  # of statements that fail a check: left out, or shown as unverified
    level: float = Key(default=0.95, gt=0.5, lt=1)  # of intervals
    alpha: float = Key(default=0.05, gt=0, lt=0.5)  # of the test behind a word of trend
    disclosure: BriefDisclosure | None = None  # None: small counts stand as they are, and the brief stays

    _listed = field_validator("person", mode="before")(one_or_many)

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if (self.unit == "person") != bool(self.person):
            raise ValueError("unit: person, and the columns that name one in person: [patient], go together")
        names = [one.name for one in self.measures]
        if len(set(names)) < len(names):
            raise ValueError("measures: two have the same name")
        if any(one.kind == "ratio" for one in self.measures) and self.period is None:
            raise ValueError("measures: a ratio compares a period with the one before, so period is needed")
        if self.disclosure is not None:
            self._check_leaving(self.disclosure)
        return self

    def _check_leaving(self, rule: BriefDisclosure) -> None:
        """Refuse what no table of counts can tell."""
        if self.where is not None:
            raise ValueError(
                "disclosure: where is no key of a table. Make it a column and measures by it, or leave it out"
            )
        for one in self.measures:
            if one.kind == "median":
                raise ValueError(f"{one.name}: disclosure: a median is a value of few documents. Leave it out")
            if one.among is not None:
                raise ValueError(f"{one.name}: disclosure: no table counts among some documents. Leave among out")
        if self.statements is not None and not rule.statements:
            raise ValueError(
                "disclosure: statements are sentences on few documents, which no table protects. Leave them out; or "
                "say disclosure.statements: true, and those without a number leave, without passages and documents"
            )
        if self.policy == "show":
            raise ValueError("disclosure: statements that fail a check do not leave. Choose policy: drop")
