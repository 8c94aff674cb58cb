"""What a surveillance table counts, by whom it is declared: a file of `conf/table/` or of a user's own folder."""

from __future__ import annotations

import datetime
from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.settings.disclosure import DisclosureRule
from glane.settings.shapes import AskedYes, HomePath, one_or_many
from glane.types import Period
from glane.validation import Strict

Unit = Literal["document", "person", "event"]
Weeks = Literal["iso", "epi"]
Level = Literal["department", "region"]
Codes = Literal["department", "region", "commune"]
Method = Literal["ears_c1", "ears_c2", "ears_c3", "farrington", "cusum"]
Age = Annotated[int, Key(ge=0, le=130)]
DOCUMENTS = "documents"  # the denominator that the run itself has


class TimeDimension(Strict):
    """Rows by period of a column of dates."""

    column: str
    every: Period = "week"
    weeks: Weeks = "iso"  # of weeks: ISO 8601, or epidemiological ones from Sunday
    first: datetime.date | None = None  # days that the table covers; documents of others are counted as outside
    last: datetime.date | None = None
    incomplete: int = Key(default=0, ge=0)  # last periods that may still grow, beside those whose days are not covered
    reported: str | None = None  # the column of the day of the report: how late counts are, and what is still to come
    longest: int | None = Key(default=None, ge=1)  # of reported: periods after which no report is waited for
    recent: int | None = Key(
        default=None, ge=2
    )  # of reported: the last periods whose reports tell of delays; None: all
    until: datetime.date | None = None  # of reported: the last day whose reports are in; None: the day of the last one
    complete: float = Key(default=0.9, gt=0, le=1)  # of reported: periods of which less is expected to be in may grow

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.first is not None and self.last is not None and self.last < self.first:
            raise ValueError(f"last: {self.last} is before first, {self.first}")
        return self

    @model_validator(mode="after")
    def _reports(self) -> Self:
        if self.reported is None and (self.longest, self.recent, self.until) != (None, None, None):
            raise ValueError("longest, recent, until: of the days of reports, so reported: COLUMN is needed")
        if self.reported is not None and self.longest is None:
            raise ValueError("reported: needs longest, the periods after which no report is waited for, as longest: 8")
        if self.reported == self.column:
            raise ValueError(f"reported: {self.reported} is the column of the event. Name that of the report")
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of dates: of the event, and of the report where there is one."""
        return (self.column,) if self.reported is None else (self.column, self.reported)


class PlaceDimension(Strict):
    """Rows by French department or region."""

    column: str
    level: Level = "department"
    codes: Codes = "department"  # what the column holds official codes of
    only: tuple[str, ...] = ()  # codes of the places that the table covers; documents of others are counted as outside

    @field_validator("only", mode="before")
    @classmethod
    def _codes(cls, told: Any) -> Any:
        """Codes that YAML read as numbers are texts again."""
        codes = one_or_many(told if isinstance(told, list | tuple | None) else str(told))
        return tuple(str(one) if isinstance(one, int) else one for one in codes)

    @model_validator(mode="after")
    def _upwards(self) -> Self:
        if self.codes == "region" and self.level == "department":
            raise ValueError("level: a region does not tell the department. Choose level: region")
        return self


class AgeDimension(Strict):
    """Rows by class of age."""

    column: str
    classes: tuple[Age, ...]  # the lowest age of each, in years: [0, 5, 15, 65]

    @field_validator("classes")
    @classmethod
    def _rising(cls, classes: tuple[int, ...]) -> tuple[int, ...]:
        if not classes or any(later <= one for one, later in pairwise(classes)):
            raise ValueError("the lowest ages of the classes are needed in rising order, as [0, 5, 15, 65]")
        return classes


class SignalSettings(Strict):
    """Which counts of periods are signals. Those of the Farrington algorithm are the recommendation of its paper."""

    methods: tuple[Method, ...]
    by: tuple[str, ...] = ()  # place, or groups: a series for each of their values, too
    least: int = Key(default=5, ge=0)  # cases in the last four periods, for a signal
    alpha: float | None = Key(default=None, gt=0, lt=0.5)  # of one period; None: that of the method
    years: int = Key(default=5, ge=1, le=30)
    half_window: int = Key(default=3, ge=0, le=12)
    periods: int = Key(default=10, ge=1, le=26)
    left_out: int = Key(default=26, ge=0, le=104)
    threshold: Literal["delta", "nb_plugin", "muan"] = "nb_plugin"
    training: int = Key(default=52, ge=7)  # of CUSUM: periods that tell what is expected

    _listed = field_validator("methods", "by", mode="before")(one_or_many)

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not self.methods:
            raise ValueError("methods: name one of ears_c1, ears_c2, ears_c3, farrington, cusum")
        return self


class TableDefinition(AskedYes):
    """A table of cases by period, place, class of age and further columns."""

    name: str
    unit: Unit = "document"  # what is counted
    person: tuple[str, ...] = ()  # of persons: the columns that together name one
    links: HomePath | None = None  # of persons and events: the folder of `glane link` that says which documents are one
    time: TimeDimension | None = None
    place: PlaceDimension | None = None
    age: AgeDimension | None = None
    groups: tuple[str, ...] = ()  # further columns
    denominator: HomePath | None = None  # `documents`, or a file with the population of each row; None: no rate
    per: float = Key(default=100_000.0, gt=0)  # of the rates
    standard: HomePath | None = None  # esp2013, who2000 or a file: rates as if ages were spread so
    level: float = Key(default=0.95, gt=0.5, lt=1)  # of the intervals
    signals: SignalSettings | None = None
    disclosure: DisclosureRule | None = None  # which small counts are not told; None: all are

    _listed = field_validator("groups", "person", mode="before")(one_or_many)

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if (self.unit == "person" and self.links is None) != bool(self.person):
            raise ValueError(
                "unit: person, and the columns that name one in person: [patient], go together; or links: FOLDER in "
                "their place"
            )
        if self.unit == "event" and self.links is None:
            raise ValueError("unit: event goes with links: FOLDER, of glane link, which says what is one event")
        if self.unit == "document" and self.links is not None:
            raise ValueError("links: are of unit: person or unit: event")
        if self.unit != "document" and self.denominator == DOCUMENTS:
            raise ValueError(
                "denominator: of persons and events the documents are none: who was seen twice counts once. Give a "
                "population"
            )
        if self.standard is not None and (self.age is None or self.denominator is None):
            raise ValueError("standard: needs age, and a denominator by class of age")
        if self.unit != "document" and self.time is None:
            raise ValueError("unit: of persons and events the first document that is a case counts, so time is needed")
        self._check_signals()
        self._check_disclosure()
        if len(set(self.columns)) < len(self.columns):
            raise ValueError("time, place, age, groups: a column is named twice")
        return self

    def _check_signals(self) -> None:
        if self.signals is None:
            return
        if self.disclosure is not None and self.disclosure.method != "suppress":
            raise ValueError(
                "signals: there are none of counts that are changed. Leave them out of a table that leaves, or choose "
                "disclosure.method: suppress"
            )
        if self.time is None:
            raise ValueError("signals: of periods, so time is needed")
        if "farrington" in self.signals.methods and self.time.every != "week":
            raise ValueError("signals: farrington is for weeks. Choose time.every: week, or another method")
        keys = (*(["place"] if self.place is not None else []), *self.groups)
        if strange := [key for key in self.signals.by if key not in keys]:
            raise ValueError(f"signals.by: {strange[0]} is no key of the table. Valid: {', '.join(keys) or 'none'}")

    def _check_disclosure(self) -> None:
        has_register = self.disclosure is not None and self.disclosure.register_ is not None
        if has_register and (self.time is None or self.time.last is None):
            raise ValueError(
                "disclosure.register: tables of a series are known by their days, so time.last is needed: the day "
                "until which documents are in"
            )
        if self.disclosure is not None and self.time is not None and self.time.reported is not None:
            raise ValueError(
                "disclosure: counts by the day of the report, and counts that are still expected, would tell small "
                "counts. Leave out time.reported from a table that leaves, and make a second one that stays"
            )

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that rows are made by, and that of the day of the report."""
        told = [one.column for one in (self.place, self.age) if one is not None]
        return (*(() if self.time is None else self.time.columns), *told, *self.groups)
