"""Dates."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Self

import polars as pl
import pyarrow as pa

from glane.task.comparison_rules import DateRule, compare_key
from glane.task.kinds.field import AnswerError, BaseField, Imported, SingleField
from glane.task.normalising import Normalise
from glane.task.wording import Wording
from glane.types import Language

_YEAR, _MONTH, _DAY = "[12][0-9]{3}", "(0[1-9]|1[0-2])", "(0[1-9]|[12][0-9]|3[01])"
DAY = f"{_YEAR}-{_MONTH}-{_DAY}"
_DAY_PATTERN = f"^{DAY}$"
_PARTIAL_PATTERN = f"^{_YEAR}(-{_MONTH}(-{_DAY})?)?$"
_LENGTHS = {"year": 4, "month": 7, "day": 10}  # of the ISO spelling
_PHRASES: Mapping[Language, Mapping[str, str]] = {
    "fr": {"day": "date AAAA-MM-JJ", "partial": "date AAAA, AAAA-MM ou AAAA-MM-JJ"},
    "en": {"day": "date YYYY-MM-DD", "partial": "date YYYY, YYYY-MM or YYYY-MM-DD"},
}


class PartialDate(NamedTuple):
    """A day and its precision (year, month or day); None if the precision is not known."""

    day: datetime.date
    precision: str | None

    @property
    def start(self) -> datetime.date:
        """The first day of the year, month or day."""
        if self.precision == "year":
            return self.day.replace(month=1, day=1)
        return self.day.replace(day=1) if self.precision == "month" else self.day


def at_precision(day: object, precision: str) -> str:
    """The ISO spelling of a date, cut to its precision."""
    return str(day)[: _LENGTHS[precision]]


class DateField(SingleField):
    """A calendar date; with `precision: partial` also a year or a year and month."""

    type: Literal["date"] = "date"
    precision: Literal["day", "partial"] = "day"
    normalise: Normalise | None = None  # reads the value as it is written, or its quote, into a second column
    compare: DateRule = compare_key(DateRule())

    def value_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": _DAY_PATTERN if self.precision == "day" else _PARTIAL_PATTERN}

    def phrase(self, language: Language) -> str:
        return _PHRASES[language][self.precision]

    @classmethod
    def imported(cls, json_type: str, schema: Mapping[str, Any]) -> Imported | None:
        is_date = json_type == "string" and schema.get("format") == "date"
        return Imported(keys={"type": "date"}, used=frozenset({"format"})) if is_date else None

    def read(self, value: Any, place: str) -> object:
        """Read a date; a partial date becomes the first day of its period."""
        if self.precision == "day":
            return read_day(value, place)
        if not isinstance(value, str) or not re.fullmatch(_PARTIAL_PATTERN, value):
            raise AnswerError(f"{place}: not a date YYYY, YYYY-MM or YYYY-MM-DD")
        return read_day(value + "-01-01"[: 10 - len(value)] if len(value) == 4 else (value + "-01")[:10], place)

    def precision_of(self, value: Any) -> str | None:
        return {4: "year", 7: "month", 10: "day"}[len(value)] if self.has_precision else None

    def traces(self, value: Any) -> tuple[str | float, ...]:
        """The year, in four figures or two."""
        return (value.year, value.year % 100)

    def shown_in(self, value: Any, precision: str | None, quote: Wording) -> bool | None:
        return quote.has_date(value, precision)

    def arrow_type(self, *, nested: bool) -> pa.DataType:
        return pa.date32()

    @property
    def has_precision(self) -> bool:
        return self.precision == "partial"

    def word(self, language: Language) -> str:
        return "date"

    def rules_type(self) -> pl.DataType:
        return pl.Date()

    def rules_sample(self) -> object:
        return datetime.date(2000, 1, 1)

    def same(self, gold: Any, found: Any) -> bool:
        """Partial dates are compared at their precision, or as days if one has no precision."""
        if isinstance(gold, PartialDate) and isinstance(found, PartialDate):
            if gold.precision is None or found.precision is None:
                gold, found = gold.day, found.day
            elif gold.precision != found.precision:
                return False
            else:
                gold, found = gold.start, found.start
        return bool(abs((gold - found).days) <= self.compare.tolerance_days)

    @property
    def is_equivalence(self) -> bool:
        """A partial date without precision can be the same as several others, so the relation is not transitive."""
        return self.precision == "day" and not self.compare.tolerance_days

    def rule_words(self) -> str:
        return f"±{self.compare.tolerance_days} d" if self.compare.tolerance_days else "exact"

    def common(self, other: BaseField) -> Self | None:
        return self if isinstance(other, DateField) and self.precision == other.precision else None

    def gold_column(self) -> str:
        partial = " (and its precision in a second column, <field>__precision)"
        return f"Date{partial if self.has_precision else ''}"

    def takes_column(self, kind: pl.DataType) -> bool:
        return isinstance(kind, pl.Date | pl.Datetime)

    def is_gold(self, value: Any) -> bool:
        return not isinstance(value, datetime.datetime) or value.time() == datetime.time()

    def gold_complaint(self) -> str:
        return "has a time of day beside the date"

    def gold_value(self, raw: Any, precision: str | None) -> Any:
        day = raw.date() if isinstance(raw, datetime.datetime) else raw
        return PartialDate(day, precision) if self.has_precision else day

    def written(self, value: Any, precision: str | None) -> Any:
        return str(value) if precision is None else at_precision(value, precision)


def read_day(value: Any, place: str) -> datetime.date:
    """Read a whole date.

    Raises:
        AnswerError: if the value is not a whole date.
    """
    if not isinstance(value, str) or not re.fullmatch(_DAY_PATTERN, value):
        raise AnswerError(f"{place}: not a date YYYY-MM-DD")
    try:
        return datetime.date.fromisoformat(value)
    except ValueError:
        raise AnswerError(f"{place}: no such day in the calendar") from None
