"""Times of day."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any, Literal

import polars as pl
import pyarrow as pa

from glane.task.comparison_rules import TimeRule, compare_key
from glane.task.kinds.field import AnswerError, Imported, SingleField
from glane.task.wording import Wording
from glane.types import Language

TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"
_PATTERN = f"^{TIME}$"
_MINUTES_OF_DAY = 24 * 60


class TimeField(SingleField):
    """A time of day from 00:00 to 23:59, in hours and minutes of local time, as the document writes it."""

    type: Literal["time"] = "time"
    compare: TimeRule = compare_key(TimeRule())

    def value_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": _PATTERN}

    def phrase(self, language: Language) -> str:
        return {"fr": "heure hh:mm, de 00:00 à 23:59", "en": "time hh:mm, from 00:00 to 23:59"}[language]

    @classmethod
    def imported(cls, json_type: str, schema: Mapping[str, Any]) -> Imported | None:
        if json_type != "string" or schema.get("format") != "time":
            return None
        note = "format 'time' is answered as hh:mm, without seconds and offset"
        return Imported(keys={"type": "time"}, used=frozenset({"format"}), notes=[note])

    def read(self, value: Any, place: str) -> object:
        if not isinstance(value, str) or not re.fullmatch(_PATTERN, value):
            quotes = "" if isinstance(value, str) else ", written in quotes"
            raise AnswerError(f"{place}: not a time hh:mm{quotes}")
        return datetime.time.fromisoformat(value)

    def traces(self, value: Any) -> tuple[str | float, ...]:
        """Empty: times are often written in words, as noon or half past two."""
        return ()

    def shown_in(self, value: Any, precision: str | None, quote: Wording) -> bool | None:
        return quote.has_time(value)

    def arrow_type(self, *, nested: bool) -> pa.DataType:
        """Milliseconds, the coarsest unit of Parquet."""
        return pa.time32("ms")

    def word(self, language: Language) -> str:
        return {"fr": "heure", "en": "time"}[language]

    def rules_type(self) -> pl.DataType:
        return pl.Time()

    def rules_sample(self) -> object:
        return datetime.time(12, 0)

    def same(self, gold: Any, found: Any) -> bool:
        """Compared around midnight: 23:58 and 00:03 are five minutes apart."""
        apart = abs(_minutes(gold) - _minutes(found))
        return min(apart, _MINUTES_OF_DAY - apart) <= self.compare.tolerance_minutes

    @property
    def is_equivalence(self) -> bool:
        return not self.compare.tolerance_minutes

    def rule_words(self) -> str:
        return f"±{self.compare.tolerance_minutes:g} min" if self.compare.tolerance_minutes else "exact"

    def gold_column(self) -> str:
        return "Time (or String, as hh:mm)"

    def takes_column(self, kind: pl.DataType) -> bool:
        return isinstance(kind, pl.Time | pl.String)

    def is_gold(self, value: Any) -> bool:
        return not isinstance(value, str) or re.fullmatch(_PATTERN, value) is not None

    def gold_complaint(self) -> str:
        return "is no time hh:mm"

    def gold_value(self, raw: Any, precision: str | None) -> Any:
        return datetime.time.fromisoformat(raw) if isinstance(raw, str) else raw

    def written(self, value: Any, precision: str | None) -> Any:
        return f"{value:%H:%M}"


def _minutes(time: datetime.time) -> float:
    return time.hour * 60 + time.minute + time.second / 60
