"""The name of a day, week, month, quarter or year, as a page of a language writes it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from glane.types import Language, Period

_MONTHS: Mapping[Language, str] = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "en": "January February March April May June July August September October November December",
}
_WEEK: Mapping[Language, str] = {"fr": "S", "en": "W"}
_QUARTER: Mapping[Language, str] = {"fr": "T{quarter} {year}", "en": "Q{quarter} {year}"}


def period_name(first: datetime.date, every: Period | None, language: Language) -> str:
    """The period of which `first` is the first day; a day as in ISO 8601, a week by its ISO year and number."""
    match every:
        case "week":
            year, week, _ = first.isocalendar()
            return f"{year}-{_WEEK[language]}{week:02d}"
        case "month":
            return f"{_MONTHS[language].split()[first.month - 1]} {first.year}"
        case "quarter":
            return _QUARTER[language].format(quarter=(first.month + 2) // 3, year=first.year)
        case "year":
            return str(first.year)
        case _:
            return first.isoformat()
