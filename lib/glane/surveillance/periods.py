"""Periods of a table: days, weeks, months, quarters and years, each named by its first day.

Weeks are those of ISO 8601 (Monday to Sunday; week 1 holds 4 January), or epidemiological weeks as the CDC's MMWR
counts them (Sunday to Saturday; week 1 is the first with at least four days in its year). Years have 52 or 53.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import polars as pl

from glane.assess.estimate.periods import period_name
from glane.assess.estimate.question import STEPS
from glane.settings.table import TimeDimension, Weeks
from glane.types import Language, Period

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """How days become periods."""

    every: Period
    weeks: Weeks = "iso"

    @classmethod
    def of(cls, time: TimeDimension) -> Calendar:
        """The calendar of a table."""
        return cls(every=time.every, weeks=time.weeks)

    @property
    def _is_shifted(self) -> bool:
        return self.every == "week" and self.weeks == "epi"

    def first_days(self, days: pl.Expr) -> pl.Expr:
        """The first day of the period of each day."""
        days = days.dt.date()  # of the zone that a moment is told in
        if self._is_shifted:
            return (days + pl.duration(days=1)).dt.truncate("1w") - pl.duration(days=1)
        return days.dt.truncate(STEPS[self.every])

    def first_day(self, day: datetime.date) -> datetime.date:
        """The first day of the period of a day."""
        found: datetime.date = pl.select(self.first_days(pl.lit(day))).item()
        return found

    def periods(self, first: datetime.date, last: datetime.date) -> list[datetime.date]:
        """The first days of all periods from that of `first` to that of `last`."""
        start, end = self.first_day(first), self.first_day(last)
        return pl.date_range(start, end, interval=STEPS[self.every], eager=True).to_list()

    def last_day(self, start: datetime.date) -> datetime.date:
        """The last day of the period that begins on `start`."""
        after: datetime.date = pl.select(pl.lit(start).dt.offset_by(STEPS[self.every])).item()
        return after - _DAY

    def year(self, start: datetime.date) -> int:
        """The year of the period that begins on `start`; of a week, the one that has at least four of its days."""
        return (start + 3 * _DAY).year if self.every == "week" else start.year

    def name(self, start: datetime.date, language: Language) -> str:
        """The name of the period that begins on `start`: `2026-W53`, in French `2026-S53`."""
        if not self._is_shifted:
            return period_name(start, self.every, language)
        # The Wednesday of the week from Sunday to Saturday is in the year that has at least four of its days.
        year = (start + 3 * _DAY).year
        begins = self.first_day(datetime.date(year, 1, 4))
        return f"{year}-{'S' if language == 'fr' else 'W'}{(start - begins).days // 7 + 1:02d}"
