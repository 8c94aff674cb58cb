"""How late the counts of a table come: its reporting triangle, and what is still to be expected of its last periods."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np
import polars as pl

from glane.settings.table import TimeDimension
from glane.surveillance.dimensions import PERIOD, Located
from glane.surveillance.nowcast import Nowcast, nowcast
from glane.surveillance.triangle import Reports, Triangle, triangle

COMPLETENESS = "completeness"
NOWCAST = ("model_nowcast", "model_nowcast_low", "model_nowcast_high")


class DelaysSummary(Reports):
    """What the delays of a table rest on."""

    by_delay: tuple[float, ...]  # the share of reports that is expected to be in after 0, 1, … periods
    dispersion: float  # 1: reports come each by itself; more: in batches


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """The triangle of the model's counts, and their nowcast."""

    triangle: Triangle
    nowcast: Nowcast

    @property
    def summary(self) -> DelaysSummary:
        """For `table.json`."""
        told = self.nowcast
        by_delay = tuple(round(float(one), 6) for one in told.by_delay)
        return DelaysSummary(**dict(self.triangle.reports), by_delay=by_delay, dispersion=round(told.dispersion, 6))

    def open_periods(self, complete: float) -> list[datetime.date]:
        """The periods of which less than this share is expected to be in, or of which nothing can be said yet."""
        share = self.nowcast.completeness
        is_open = np.isnan(share) | (share < complete)
        return [one for one, open_ in zip(self.triangle.periods, is_open, strict=True) if open_]

    def beside(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of a table with the share that is in and the nowcast, of those by period alone."""
        told = self.nowcast
        values = (told.completeness, told.expected, told.low, told.high)
        columns = [
            pl.Series(name, one).fill_nan(None) for name, one in zip((COMPLETENESS, *NOWCAST), values, strict=True)
        ]
        of_periods = pl.DataFrame([pl.Series(PERIOD, self.triangle.periods, pl.Date), *columns])
        of_periods = of_periods.with_columns(pl.lit(PERIOD).alias("margin"))
        return rows.join(of_periods, on=["margin", PERIOD], how="left", maintain_order="left")


def delays(cases: pl.DataFrame, found: Located, time: TimeDimension, *, is_case: str, level: float) -> Delays | None:
    """The delays of a table; None without a column of reports, or without a report.

    Args:
        cases: The documents with an answer, with PERIOD and the day of the report.
        found: Where they stand.
        time: Of the table.
        is_case: The column that says yes or no.
        level: Of the intervals.

    Raises:
        DataError: as `triangle` does.
    """
    if time.reported is None:
        return None
    counted = triangle(cases, found, time, is_case=is_case, reported=time.reported)
    if counted is None:
        return None
    told = nowcast(
        counted.seen.astype(np.float64), counted.is_whole, counted.unknown.astype(np.float64), recent=time.recent,
        level=level,
    )  # fmt: skip
    return Delays(triangle=counted, nowcast=told)
