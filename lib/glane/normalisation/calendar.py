"""Dates that a text tells in full or in part, weekdays, and months back."""

from __future__ import annotations

import calendar
import datetime
import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from glane.task.told_dates import MONTH, MONTH_OF
from glane.types import Precision, Unread

_WEEKDAYS = """
lundi monday
mardi tuesday
mercredi wednesday
jeudi thursday
vendredi friday
samedi saturday
dimanche sunday
"""
DAY_OF_WEEK = {word: at for at, line in enumerate(_WEEKDAYS.split("\n")[1:8]) for word in line.split()}
_WEEKDAY = rf"(?:(?P<weekday>{'|'.join(DAY_OF_WEEK)})(?: le|,)? )?"
_YEAR = r"(?:1[89]|20|21)\d\d"
_DATES = re.compile(
    rf"\b{_WEEKDAY}(?:"
    rf"(?P<iso_year>{_YEAR})-(?P<iso_month>\d\d)-(?P<iso_day>\d\d)(?!\d)"
    rf"|(?P<one>\d\d?) ?(?P<sign>[/.-]) ?(?P<other>\d\d?) ?(?P=sign) ?(?P<figures>{_YEAR}|\d\d)(?![\d/.-])"
    rf"|(?P<day>\d\d?) ?(?:er|st|nd|rd|th)? ?(?:of )?(?P<month>{MONTH})\b\.?(?:,? ?(?P<year>{_YEAR}))?(?! ?\d)"
    rf"|(?P<month_en>{MONTH})\b\.? (?P<day_en>\d\d?) ?(?:st|nd|rd|th)?(?:,? (?P<year_en>{_YEAR}))?(?! ?\d)"
    rf"|(?P<month_alone>{MONTH})\b\.? (?P<year_of_month>{_YEAR})(?!\d)"
    rf"|(?P<month_figure>0\d|1[0-2])/(?P<year_of_figure>{_YEAR})(?![\d/])"
    rf"|(?:en|in|annee|year) (?P<year_alone>{_YEAR})(?![\d/.-])"
    r")"
)


class Unreadable(Exception):
    """A date that cannot be told, with the reason."""

    def __init__(self, reason: Unread) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsoluteDate:
    """A date as a text tells it; what it leaves out is None. `day_or_month` holds figures that may be either."""

    day: int | None = None
    month: int | None = None
    year: int | None = None
    has_short_year: bool = False
    weekday: int | None = None  # 0 is Monday

    def on(
        self, reference: datetime.date | None, direction: Literal["past", "future"] | None
    ) -> tuple[datetime.date, Precision]:
        """The date, or the first day of its month or year, and its precision.

        A year that is left out, or told in two figures, is taken from the reference: in two figures it is the last one
        that is not later than the reference's next; left out, it is the nearest in `direction`.

        Raises:
            Unreadable: with the reason.
        """
        year = self.year
        if year is None:
            return self._without_year(reference, direction), "day"
        if self.has_short_year:
            if reference is None:
                raise Unreadable(Unread.NO_REFERENCE)
            year += 100 * ((reference.year + 1 - year) // 100)
        if self.month is None:
            return datetime.date(year, 1, 1), "year"
        if self.day is None:
            return _day(year, self.month, 1), "month"
        return self._checked(_day(year, self.month, self.day)), "day"

    def _without_year(
        self, reference: datetime.date | None, direction: Literal["past", "future"] | None
    ) -> datetime.date:
        assert self.month is not None
        assert self.day is not None
        if reference is None:
            raise Unreadable(Unread.NO_REFERENCE)
        if (self.month, self.day) == (reference.month, reference.day):
            return self._checked(reference)
        if direction is None:
            raise Unreadable(Unread.DIRECTION)
        is_later = (self.month, self.day) > (reference.month, reference.day)
        shift = -1 if direction == "past" and is_later else 1 if direction == "future" and not is_later else 0
        return self._checked(_day(reference.year + shift, self.month, self.day))

    def _checked(self, day: datetime.date) -> datetime.date:
        if self.weekday is not None and day.weekday() != self.weekday:
            raise Unreadable(Unread.IMPOSSIBLE)
        return day


class ToldAt(NamedTuple):
    """A date and where a text tells it."""

    value: AbsoluteDate
    start: int
    end: int


def absolute_dates(plain: str, *, day_first: bool | None) -> list[ToldAt]:
    """The dates of a folded text that are told by day, month or year.

    Raises:
        Unreadable: if figures may be a day and a month or the other way round, and `day_first` is None.
    """
    return [ToldAt(_told(match, day_first), *match.span()) for match in _DATES.finditer(plain)]


def _told(match: re.Match[str], day_first: bool | None) -> AbsoluteDate:
    told = {name: text for name, text in match.groupdict().items() if text is not None}
    number = {name: int(text) for name, text in told.items() if text.isdecimal()}
    weekday = DAY_OF_WEEK.get(told.get("weekday", ""))
    if "iso_year" in number:
        return AbsoluteDate(year=number["iso_year"], month=number["iso_month"], day=number["iso_day"], weekday=weekday)
    if "one" in number:
        one, other = number["one"], number["other"]
        if day_first is None and one != other and one <= 12 and other <= 12:
            raise Unreadable(Unread.AMBIGUOUS)
        is_day_first = one > 12 if day_first is None and one != other else day_first is not False
        day, month = (one, other) if is_day_first else (other, one)
        short = len(told["figures"]) == 2
        return AbsoluteDate(day=day, month=month, year=number["figures"], has_short_year=short, weekday=weekday)
    if "month" in told:
        return AbsoluteDate(day=number["day"], month=MONTH_OF[told["month"]], year=number.get("year"), weekday=weekday)
    if "month_en" in told:
        month = MONTH_OF[told["month_en"]]
        return AbsoluteDate(day=number["day_en"], month=month, year=number.get("year_en"), weekday=weekday)
    if "month_alone" in told:
        return AbsoluteDate(month=MONTH_OF[told["month_alone"]], year=number["year_of_month"])
    if "month_figure" in number:
        return AbsoluteDate(month=number["month_figure"], year=number["year_of_figure"])
    return AbsoluteDate(year=number["year_alone"])


def _day(year: int, month: int, day: int) -> datetime.date:
    try:
        return datetime.date(year, month, day)
    except ValueError:
        raise Unreadable(Unread.IMPOSSIBLE) from None


def months_before(day: datetime.date, months: int) -> datetime.date:
    """The same day so many months before; the last of the month where that has fewer days."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    if not 1 <= year <= 9999:
        raise Unreadable(Unread.IMPOSSIBLE)
    return datetime.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def weekday(
    wanted: int, reference: datetime.date, direction: Literal["past", "future"] | None, *, may_be_today: bool
) -> datetime.date:
    """The nearest day with that weekday (0 is Monday) before or after the reference, which is not itself meant.

    Raises:
        Unreadable: if the direction is not known, or the reference's own weekday may mean that day or a week from it.
    """
    if wanted == reference.weekday() and may_be_today:
        raise Unreadable(Unread.AMBIGUOUS)
    if direction is None:
        raise Unreadable(Unread.DIRECTION)
    if direction == "past":
        return reference - datetime.timedelta((reference.weekday() - wanted) % 7 or 7)
    return reference + datetime.timedelta((wanted - reference.weekday()) % 7 or 7)
