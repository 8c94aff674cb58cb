"""The reporting triangle of a table: cases by the period of the event and the delay, in periods, of their report."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.errors import DataError
from glane.settings.table import TimeDimension
from glane.surveillance.dimensions import PERIOD, Located
from glane.surveillance.periods import Calendar
from glane.validation import Strict

DELAY, COUNTS = "delay", ("documents", "model")
_REPORTED = "__reported"
Counts = NDArray[np.int64]


class Reports(Strict):
    """What is known of the days of reports."""

    longest: int  # the delay, in periods, that all longer ones count as
    until: datetime.date  # the last day whose reports are in
    last_whole: datetime.date  # the first day of the last period of which all reports are in
    late: int  # cases whose delay is longer
    undated: int  # cases without a day of report
    reversed: int  # cases that were reported before their period: their delay is unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Triangle:
    """Cases by period and delay."""

    rows: pl.DataFrame  # one for each period and delay that could be seen by now, and the unknown delay (null)
    periods: list[datetime.date]
    seen: Counts  # (periods, longest + 1): the model's cases
    is_whole: NDArray[np.bool_]  # the same: whether all reports of that delay are in
    unknown: Counts  # (periods,): cases whose delay is not known
    reports: Reports


def triangle(
    cases: pl.DataFrame, found: Located, time: TimeDimension, *, is_case: str, reported: str
) -> Triangle | None:
    """Count cases by period and delay; None if no document has a day of report, or none a date.

    Args:
        cases: The documents with an answer, with PERIOD.
        found: Where they stand.
        time: Of the table.
        is_case: The column that says yes or no.
        reported: The column of the day of the report.

    Raises:
        DataError: if the table is too short for the longest delay, or the last report is long after the last event.
    """
    periods = [one for one in found.domains[PERIOD] if isinstance(one, datetime.date)]
    if found.last_report is None or not periods or time.longest is None:
        return None
    calendar, longest = Calendar.of(time), time.longest
    _check_last(found.last_report, periods[-1], time)
    weeks = calendar.periods(periods[0], max(found.last_report, periods[-1]))
    now = weeks.index(calendar.first_day(max(found.last_report, periods[0])))
    last_whole = now if calendar.last_day(weeks[now]) <= found.last_report else now - 1
    if last_whole < longest:
        raise DataError(
            f"table.time.longest: {longest}, and the reports of only {max(last_whole + 1, 0)} whole periods are in, so "
            "no period shows how many reports come that late. Choose a shorter longest, or begin earlier."
        )
    counted, late, undated, early = _counted(cases, calendar, weeks, longest, is_case=is_case, reported=reported)
    seen = {name: _matrix(counted, periods, longest, name) for name in COUNTS}
    unknown = {name: _column(counted.filter(pl.col(DELAY).is_null()), periods, name) for name in COUNTS}
    by_now = np.add.outer(np.arange(len(periods)), np.arange(longest + 1))  # the number of the period of the report
    reports = Reports(
        longest=longest, until=found.last_report, last_whole=weeks[last_whole], late=late, undated=undated,
        reversed=early,
    )  # fmt: skip
    return Triangle(
        rows=_rows(periods, seen, unknown, by_now <= now, by_now <= last_whole, calendar), periods=periods,
        seen=seen["model"], is_whole=by_now <= last_whole, unknown=unknown["model"], reports=reports,
    )  # fmt: skip


def _check_last(last_report: datetime.date, last_period: datetime.date, time: TimeDimension) -> None:
    """One mistyped day of report would make all periods complete."""
    if time.until is not None or time.longest is None or last_report <= last_period:
        return
    after = len(Calendar.of(time).periods(last_period, last_report)) - 1
    if after > time.longest:
        raise DataError(
            f"table.time.reported: the last report is of {last_report}, {after} periods after the last event, and "
            f"longest is {time.longest}. If that day is wrong, or all reports are in, say until when they are: "
            "table.time.until=…"
        )


def _counted(
    cases: pl.DataFrame,
    calendar: Calendar,
    weeks: Sequence[datetime.date],
    longest: int,
    *,
    is_case: str,
    reported: str,
) -> tuple[pl.DataFrame, int, int, int]:
    """Cases and documents by period and delay, and how many cases are late, undated, or reported before."""
    numbers = pl.DataFrame({PERIOD: weeks, "at": range(len(weeks))}, schema={PERIOD: pl.Date, "at": pl.Int64})
    dated = cases.select(PERIOD, pl.col(is_case).alias("model"), calendar.first_days(pl.col(reported)).alias(_REPORTED))
    dated = dated.filter(pl.col(PERIOD).is_not_null())
    found = dated.join(numbers, on=PERIOD, how="left", maintain_order="left")
    found = found.join(
        numbers.rename({PERIOD: _REPORTED, "at": "reported_at"}), on=_REPORTED, how="left", maintain_order="left"
    )
    before = pl.col(_REPORTED) < pl.col(PERIOD)
    delay = pl.col("reported_at") - pl.col("at")
    found = found.with_columns(pl.when(~before.fill_null(True)).then(delay).alias(DELAY))
    told = found.filter(pl.col("model"))
    late, undated = int((told[DELAY] > longest).sum()), told[_REPORTED].null_count()
    early = int(told.select(before.sum()).item())
    by_delay = found.group_by(PERIOD, pl.col(DELAY).clip(upper_bound=longest)).agg(
        pl.len().cast(pl.Int64).alias("documents"), pl.col("model").sum().cast(pl.Int64)
    )
    return by_delay, late, undated, early


def _matrix(counted: pl.DataFrame, periods: Sequence[datetime.date], longest: int, name: str) -> Counts:
    columns = [_column(counted.filter(pl.col(DELAY) == delay), periods, name) for delay in range(longest + 1)]
    return np.stack(columns, axis=1)


def _column(counted: pl.DataFrame, periods: Sequence[datetime.date], name: str) -> Counts:
    told = dict(counted.select(PERIOD, name).iter_rows())
    return np.array([told.get(one, 0) for one in periods], dtype=np.int64)


def _rows(
    periods: Sequence[datetime.date],
    seen: dict[str, Counts],
    unknown: dict[str, Counts],
    is_there: NDArray[np.bool_],
    is_whole: NDArray[np.bool_],
    calendar: Calendar,
) -> pl.DataFrame:
    """The triangle as rows; what cannot have been reported yet has none."""
    at, delay = np.nonzero(is_there)
    known = pl.DataFrame(
        {
            PERIOD: [periods[one] for one in at], DELAY: delay,
            **{name: counts[at, delay] for name, counts in seen.items()}, "whole": is_whole[at, delay],
        },
        schema_overrides={PERIOD: pl.Date, DELAY: pl.Int64},
    )  # fmt: skip
    others = pl.DataFrame({PERIOD: periods, **unknown}, schema_overrides={PERIOD: pl.Date})
    others = others.filter(pl.col("documents") > 0).with_columns(
        pl.lit(None, pl.Int64).alias(DELAY), pl.lit(None, pl.Boolean).alias("whole")
    )
    together = pl.concat([known, others.select(known.columns)]).sort(PERIOD, DELAY, nulls_last=True)
    names = {one: calendar.name(one, "en") for one in periods}
    label = pl.col(PERIOD).replace_strict(names, return_dtype=pl.String).alias("period_name")
    return together.select(PERIOD, label, pl.exclude(PERIOD))
