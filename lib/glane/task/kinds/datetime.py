"""Dates with a time of day, and the handling of their time zones."""

from __future__ import annotations

import datetime
import re
import zoneinfo
from collections.abc import Mapping
from typing import Any, Literal, Self

import polars as pl
import pyarrow as pa
from pydantic import field_validator

from glane.task.comparison_rules import TimeRule, compare_key
from glane.task.kinds.date import DAY
from glane.task.kinds.field import AnswerError, BaseField, Imported, SingleField
from glane.task.kinds.time import TIME
from glane.task.normalising import Normalise
from glane.task.wording import Wording
from glane.types import Language

_LOCAL = f"{DAY}T{TIME}(:[0-5][0-9])?"
_OFFSET = "(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"
_NONE, _OFFSET_ZONE = "none", "offset"
_FORM: Mapping[Language, str] = {"fr": "date et heure AAAA-MM-JJThh:mm", "en": "date and time YYYY-MM-DDThh:mm"}
_WORD: Mapping[Language, str] = {"fr": "date et heure", "en": "date and time"}
_WITHOUT: Mapping[Language, str] = {"fr": "sans fuseau", "en": "without time zone"}
_ZONES: Mapping[Language, Mapping[str, str]] = {
    "fr": {
        _NONE: ", telle qu'écrite, sans fuseau horaire",
        _OFFSET_ZONE: " suivie de son décalage avec UTC (Z ou ±hh:mm)",
        "named": ", heure de {zone} ; suivie d'un décalage avec UTC (Z ou ±hh:mm) si le texte en donne un",
    },
    "en": {
        _NONE: ", as written, without time zone",
        _OFFSET_ZONE: " followed by its offset from UTC (Z or ±hh:mm)",
        "named": ", time of {zone}; followed by an offset from UTC (Z or ±hh:mm) if the text gives one",
    },
}


class DatetimeField(SingleField):
    """A date with a time of day, in ISO 8601: YYYY-MM-DDThh:mm, with seconds if the document has them.

    `zone` sets the time zone of answers and of the column:

    * `none`: answers and column have no zone. The column holds local time, as the document writes it.
    * `offset`: each answer has an offset (Z or ±hh:mm). The column holds a point in time in UTC.
    * a name such as Europe/Paris: an answer may have an offset; without one, it is local time of that zone. The column
      holds a point in time, shown in that zone. If a change of clocks repeats a time, the first one is taken; a time
      that the change skips is refused.
    """

    type: Literal["datetime"] = "datetime"
    zone: str = _NONE
    normalise: Normalise | None = None  # reads the value as it is written, or its quote, into a second column
    compare: TimeRule = compare_key(TimeRule())

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in (_NONE, _OFFSET_ZONE):
            try:
                zoneinfo.ZoneInfo(value)
            except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
                raise ValueError("not a time zone: none, offset, or a name such as Europe/Paris") from None
        return value

    @property
    def _zone(self) -> zoneinfo.ZoneInfo | None:
        """The zone of the column."""
        if self.zone == _NONE:
            return None
        return zoneinfo.ZoneInfo("UTC" if self.zone == _OFFSET_ZONE else self.zone)

    @property
    def _pattern(self) -> str:
        offset = {_NONE: "", _OFFSET_ZONE: _OFFSET}.get(self.zone, f"{_OFFSET}?")
        return f"^{_LOCAL}{offset}$"

    def value_schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": self._pattern}

    def phrase(self, language: Language) -> str:
        zones = _ZONES[language]
        return _FORM[language] + zones.get(self.zone, zones["named"]).format(zone=self.zone)

    @classmethod
    def imported(cls, json_type: str, schema: Mapping[str, Any]) -> Imported | None:
        """Read without a zone: a model that must write an offset invents one if the document has none."""
        if json_type != "string" or schema.get("format") != "date-time":
            return None
        note = "format 'date-time' is answered without offset, as the document's clock shows it (zone: none)"
        return Imported(keys={"type": "datetime"}, used=frozenset({"format"}), notes=[note])

    def read(self, value: Any, place: str) -> object:
        if not isinstance(value, str) or not re.fullmatch(self._pattern, value):
            form = "YYYY-MM-DDThh:mm" + {_NONE: "", _OFFSET_ZONE: " with offset"}.get(self.zone, " with offset or not")
            raise AnswerError(f"{place}: not a date and time {form}")
        try:
            found = datetime.datetime.fromisoformat(value)
        except ValueError:
            raise AnswerError(f"{place}: no such day in the calendar") from None
        return self._in_zone(found, place)

    def _in_zone(self, found: datetime.datetime, place: str) -> datetime.datetime:
        zone = self._zone
        if zone is None or found.tzinfo is not None:
            return found if zone is None else found.astimezone(zone)
        local = found.replace(tzinfo=zone)
        if local.astimezone(datetime.UTC).astimezone(zone).replace(tzinfo=None) != found:
            raise AnswerError(f"{place}: no such time in {self.zone}, where clocks leap over it that day")
        return local

    def statement(self, value: object) -> datetime.datetime:
        """In UTC, so that the two instances of a repeated local time differ."""
        assert isinstance(value, datetime.datetime)
        return value if value.tzinfo is None else value.astimezone(datetime.UTC)

    def traces(self, value: Any) -> tuple[str | float, ...]:
        """The year, in four figures or two."""
        return (value.year, value.year % 100)

    def shown_in(self, value: Any, precision: str | None, quote: Wording) -> bool | None:
        """Whether both the day and the time are there; None if one cannot be told."""
        shown = (quote.has_date(value.date(), None), quote.has_time(value.time()))
        return False if False in shown else None if None in shown else True

    def arrow_type(self, *, nested: bool) -> pa.DataType:
        zone = self._zone
        return pa.timestamp("us", None if zone is None else zone.key)

    def word(self, language: Language) -> str:
        zone = {_NONE: _WITHOUT[language], _OFFSET_ZONE: "UTC"}.get(self.zone, self.zone)
        return f"{_WORD[language]} ({zone})"

    def rules_type(self) -> pl.DataType:
        zone = self._zone
        return pl.Datetime("us", None if zone is None else zone.key)

    def rules_sample(self) -> object:
        return datetime.datetime(2000, 1, 1, 12, 0, tzinfo=self._zone)

    def same(self, gold: Any, found: Any) -> bool:
        apart = abs(self.statement(gold) - self.statement(found))
        return apart <= datetime.timedelta(minutes=self.compare.tolerance_minutes)

    @property
    def is_equivalence(self) -> bool:
        return not self.compare.tolerance_minutes

    def key(self, value: Any) -> datetime.datetime:
        return self.statement(value)

    def rule_words(self) -> str:
        return f"±{self.compare.tolerance_minutes:g} min" if self.compare.tolerance_minutes else "exact"

    def common(self, other: BaseField) -> Self | None:
        """Times with a zone and times without one cannot be compared."""
        has_zone = self.zone != _NONE
        return self if isinstance(other, DatetimeField) and has_zone == (other.zone != _NONE) else None

    def gold_column(self) -> str:
        return f"Datetime {'without' if self.zone == _NONE else 'with'} time zone (or String, as answers write it)"

    def takes_column(self, kind: pl.DataType) -> bool:
        if isinstance(kind, pl.Datetime):
            return (kind.time_zone is None) == (self.zone == _NONE)
        return isinstance(kind, pl.String)

    def is_gold(self, value: Any) -> bool:
        try:
            self.gold_value(value, None)
        except AnswerError:
            return False
        return True

    def gold_complaint(self) -> str:
        return "is no date and time as answers write it"

    def gold_value(self, raw: Any, precision: str | None) -> Any:
        return self.read(raw, "gold") if isinstance(raw, str) else raw

    def written(self, value: Any, precision: str | None) -> Any:
        """Without offset if it is local time of the zone, and the first instance of a repeated time."""
        if self.zone not in (_NONE, _OFFSET_ZONE):
            local = value.astimezone(self._zone)
            value = local.replace(tzinfo=None) if local.utcoffset() == local.replace(fold=0).utcoffset() else local
        text: str = value.isoformat(timespec="seconds" if value.second else "minutes")
        return text
