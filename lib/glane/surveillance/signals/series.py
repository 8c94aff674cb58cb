"""Signals in the series of a surveillance table.

They are looked for in the model's own counts. A model that errs alike in all periods leaves the chance of a false
signal as it is, and the noise of a correction would hide outbreaks and make others up (tests/simulations/alarms.py).
Where its errors change with time, no method on its counts is sound: sentinels say so. Of corrected tables, the share of
draws in which the corrected count is a signal stands beside.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.settings.table import Method, SignalSettings
from glane.surveillance.dimensions import PERIOD
from glane.surveillance.signals import ears
from glane.surveillance.signals.bounds import Bounds
from glane.surveillance.signals.cusum import cusum
from glane.surveillance.signals.farrington import Control, farrington

Floats = NDArray[np.float64]
Bounding = Callable[[Floats, int | None], Bounds]
_REPORTS = 4  # periods in which there must be enough cases
_DRAWS, _RECENT = 100, 8  # of the share of draws: how many, and of how many last periods
INCOMPLETE, SILENT, FEW, NO_BASELINE = "incomplete", "no_document", "few", "no_baseline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The counts of one series."""

    keys: Mapping[str, object]  # of which place or group; none: of all
    periods: list[datetime.date]
    counts: Floats
    is_incomplete: NDArray[np.bool_]
    is_silent: NDArray[np.bool_]  # nobody reported: no count of 0
    draws: Floats | None  # (draws, periods), of corrected counts


def signals_of(series: Series, settings: SignalSettings) -> Iterator[pl.DataFrame]:
    """A row for each period and method: what was expected, the bound, and whether the count is a signal.

    `signal` is null where it cannot be told, and `reason` says why. An incomplete period is no signal, and tells
    nothing of later ones.
    """
    counts = np.where(series.is_incomplete | series.is_silent, np.nan, series.counts)
    for method in settings.methods:
        bounding = _bounding(method, series.periods, settings)
        found = bounding(counts, None)
        reports = _reports(series.counts)
        is_told = np.isfinite(found.upper)
        reasons = np.where(~is_told, NO_BASELINE, np.where(reports < settings.least, FEW, ""))
        reasons = np.where(series.is_incomplete, INCOMPLETE, np.where(series.is_silent, SILENT, reasons))
        is_signal = (series.counts > found.upper) & (series.counts > 0)
        told = {
            "method": pl.Series([method] * len(counts), dtype=pl.String),
            PERIOD: pl.Series(series.periods, dtype=pl.Date),
            "model": pl.Series(series.counts).cast(pl.Int64),
            "expected": pl.Series(found.expected).fill_nan(None),
            "upper": pl.Series(found.upper).fill_nan(None),
            "signal": pl.Series([None if why else bool(one) for one, why in zip(is_signal, reasons, strict=True)]),
            "reason": pl.Series([str(why) or None for why in reasons], dtype=pl.String),
            "probability": _probability(series, bounding, settings.least, is_slow=method == "farrington"),
        }
        keys = [pl.lit(value).alias(key) for key, value in series.keys.items()]
        yield pl.DataFrame({**told, "signal": told["signal"].cast(pl.Boolean)}).with_columns(keys)


def _reports(counts: Floats) -> Floats:
    """The cases of the last four periods."""
    sums = np.convolve(counts, np.ones(_REPORTS))[: len(counts)]
    return np.asarray(sums, dtype=np.float64)


def _probability(series: Series, bounding: Bounding, least: int, *, is_slow: bool) -> pl.Series:
    """Of the last periods, the share of draws of corrected counts that are a signal among draws of the others.

    A method that fits a model for each period tells it of the series of all alone.
    """
    share = np.full(len(series.counts), np.nan)
    if series.draws is not None and not (is_slow and series.keys):
        recent = min(_RECENT, len(share))
        chosen = series.draws[:: max(1, len(series.draws) // _DRAWS)][:_DRAWS]
        rounded = np.where(series.is_incomplete | series.is_silent, np.nan, np.rint(chosen))
        found, judged = np.zeros(recent), np.zeros(recent)
        for one in rounded:
            last = one[-recent:]
            upper = bounding(one, recent).upper[-recent:]
            judged += np.isfinite(upper) & np.isfinite(last)
            found += (last > upper) & (last > 0) & (_reports(np.nan_to_num(one))[-recent:] >= least)
        share[-recent:] = np.where(judged == len(rounded), found / len(rounded), np.nan)
    return pl.Series(share).fill_nan(None)


def _bounding(method: Method, periods: list[datetime.date], settings: SignalSettings) -> Bounding:
    """The method as a function of counts, and of how many last periods are wanted (None: of all)."""
    match method:
        case "ears_c1":
            return lambda counts, _: ears.c1(counts, alpha=settings.alpha or ears.ALPHA)
        case "ears_c2":
            return lambda counts, _: ears.c2(counts, alpha=settings.alpha or ears.ALPHA)
        case "ears_c3":
            return lambda counts, _: ears.c3(counts, alpha=settings.alpha or ears.ALPHA_C3)
        case "cusum":
            return lambda counts, _: cusum(counts, training=settings.training)
    control = Control(
        years=settings.years, half_window=settings.half_window, periods=settings.periods,
        left_out=settings.left_out, threshold=settings.threshold, alpha=settings.alpha or Control().alpha,
    )  # fmt: skip
    return lambda counts, last: farrington(counts, periods, control, last=last)
