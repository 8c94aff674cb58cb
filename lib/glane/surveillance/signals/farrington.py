"""The flexible Farrington algorithm for weekly counts.

Noufaily, Enki, Farrington, Garthwaite, Andrews and Charlett, An improved algorithm for outbreak detection in multiple
surveillance systems, Stat. Med. 2013. A quasi-Poisson regression of earlier years, with a trend and a season in steps,
tells what is expected; high counts of the past weigh less.

Figures are those of `farringtonFlexible` of the R package surveillance, version 1.20.3, with the control that stands
in `Control`, to six digits. Where that function departs from the paper, it is followed: after weights are set, the
variance of the prediction and the test of the trend rest on the sum of ω·((y-μ)/μ)² in place of ω·(y-μ)²/μ.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from glane.surveillance.signals.bounds import Bounds
from glane.surveillance.signals.quasi_poisson import Fit, fitted

Floats = NDArray[np.float64]
Threshold = Literal["delta", "nb_plugin", "muan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """How the algorithm works: the paper's recommendation. In R: `farringtonFlexible(…, control=list(b=5, w=3, …))`."""

    years: int = 5  # b
    half_window: int = 3  # w, weeks
    periods: int = 10  # noPeriods, of a year; 1: the weeks around this one alone
    left_out: int = 26  # pastWeeksNotIncluded
    alpha: float = 0.01
    threshold: Threshold = "nb_plugin"  # thresholdMethod
    reweight: bool = True
    weights_above: float = 2.58  # weightsThreshold
    trend_level: float = 1.0  # pThresholdTrend: 1 keeps a trend unless it leads above all that was seen


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """Earlier weeks of one week: their counts, times in weeks from the first, and seasons; the week is at `now`."""

    counts: Floats
    times: Floats
    seasons: NDArray[np.int64]
    now: float


def farrington(
    counts: Floats, weeks: Sequence[datetime.date], control: Control | None = None, *, last: int | None = None
) -> Bounds:
    """Bounds of the weeks that have enough years before them.

    Args:
        counts: Of weeks, one after the other; a week that is not a number is not known.
        weeks: The first day of each.
        control: How it works.
        last: Only of so many last weeks; None: of all.
    """
    control = control or Control()
    places = {week: place for place, week in enumerate(weeks)}
    expected, upper = np.full(len(counts), np.nan), np.full(len(counts), np.nan)
    for place in range(0 if last is None else max(0, len(counts) - last), len(counts)):
        past = _past_of(place, counts, weeks, places, control)
        found = None if past is None else _bound(past, control)
        if found is not None:
            expected[place], upper[place] = found
    return Bounds(expected=expected, upper=upper)


def _past_of(
    place: int, counts: Floats, weeks: Sequence[datetime.date], places: dict[datetime.date, int], control: Control
) -> _Past | None:
    """The weeks that tell of a week; None if the series is too short for that."""
    references = [places.get(_years_before(weeks[place], years)) for years in range(control.years + 1)]
    if any(one is None for one in references):
        return None
    at = [one for one in references if one is not None]
    window = control.half_window
    if at[-1] - window < 0:
        return None
    seasons = np.full(len(counts), -1)
    seasons[max(0, place - window) : place + 1] = control.periods
    for later, one in pairwise(at):
        seasons[one - window : one + window + 1] = control.periods
        if control.periods > 1:
            between = later - 2 * window - 1 - one
            lengths = np.full(control.periods - 1, between // (control.periods - 1))
            lengths[: between % (control.periods - 1)] += 1
            start = one + window + 1
            seasons[start : start + between] = np.repeat(np.arange(1, control.periods), lengths)
    seasons[max(0, place - control.left_out) : place + 1] = -1
    chosen = np.flatnonzero(seasons[: place + 1] > 0)
    if not len(chosen):
        return None
    known = chosen[np.isfinite(counts[chosen])]
    return _Past(
        counts=counts[known], times=(known - chosen[0]).astype(np.float64), seasons=seasons[known],
        now=float(place - chosen[0]),
    )  # fmt: skip


def _years_before(week: datetime.date, years: int) -> datetime.date:
    """The week whose first day is the nearest to the same day so many years earlier."""
    try:
        day = week.replace(year=week.year - years)
    except ValueError:  # 29 February
        day = datetime.date(week.year - years, 3, 1)
    ahead = (week.weekday() - day.weekday()) % 7
    return day + datetime.timedelta(days=ahead if ahead <= 3 else ahead - 7)


def _bound(past: _Past, control: Control) -> tuple[float, float] | None:
    """What is expected, and the bound; None where no model fits."""
    found = _fit(past, control, has_trend=True)
    if found is not None:
        model, spread, row = found
        column = model.coefficients[1] / np.sqrt(spread * model.unscaled[1, 1])
        p_value = 2 * stats.t.sf(abs(column), len(past.counts) - len(model.coefficients))
        is_kept = p_value < control.trend_level and control.years >= 3
        if not is_kept or np.exp(row @ model.coefficients) > past.counts.max():
            found = None
    found = found or _fit(past, control, has_trend=False)
    if found is None:
        return None
    model, spread, row = found
    linear = float(row @ model.coefficients)
    error = float(np.sqrt(spread * (row @ model.unscaled @ row)))
    return float(np.exp(linear)), _upper(linear, error, max(model.dispersion, 1.0), control)


def _fit(past: _Past, control: Control, *, has_trend: bool) -> tuple[Fit, float, Floats] | None:
    """The model, the dispersion that its predictions have, and the row of the week that is judged."""
    levels = np.unique(past.seasons)
    columns, row = [np.ones(len(past.counts))], [1.0]
    if has_trend:
        columns.append(past.times)
        row.append(past.now)
    for level in levels[1:]:
        columns.append((past.seasons == level).astype(np.float64))
        row.append(float(level == control.periods))
    design = np.column_stack(columns)
    model = fitted(past.counts, design, np.ones(len(past.counts)))
    if model is None:
        return None
    spread = model.dispersion
    if control.reweight:
        weights = _weights(past.counts, model, control.weights_above)
        model = fitted(past.counts, design, weights)
        if model is None:
            return None
        relative = (past.counts - model.fitted) / model.fitted
        spread = float((weights * relative**2).sum() / (len(weights) - design.shape[1]))
    return model, spread, np.array(row)


def _weights(counts: Floats, model: Fit, above: float) -> Floats:
    """Less weight for what was unusually high, by Anscombe's residuals; their sum is the number of counts."""
    mean, dispersion = model.fitted, max(model.dispersion, 1.0)
    residuals = 1.5 * (counts ** (2 / 3) * mean ** (-1 / 6) - mean**0.5) / np.sqrt(dispersion * (1 - model.hat))
    weights = np.where(residuals > above, np.maximum(residuals, 1e-12) ** -2.0, 1.0)
    found: Floats = weights * len(counts) / weights.sum()
    return found


def _upper(linear: float, error: float, dispersion: float, control: Control) -> float:
    mean = float(np.exp(linear))
    if control.threshold == "delta":
        tau = dispersion + (mean * error) ** 2 / mean
        root = mean ** (2 / 3) + stats.norm.ppf(1 - control.alpha) * np.sqrt(4 / 9 * mean ** (1 / 3) * tau)
        return float(root**1.5)
    if control.threshold == "muan":
        mean = float(np.exp(stats.norm.ppf(1 - control.alpha, linear, error)))
    if not np.isfinite(mean):
        return np.nan
    if dispersion > 1:
        return float(stats.nbinom.ppf(1 - control.alpha, mean / (dispersion - 1), 1 / dispersion))
    return float(stats.poisson.ppf(1 - control.alpha, mean))
