"""Injected outbreaks in weekly counts: how many are found, how late, and how many signals are false.

.venv/bin/python tests/simulations/signals.py 200

Of each series, eight years of weekly counts with a season and a trend (negative binomial); in the last year one outbreak of
four weeks, with as many cases as eight standard deviations of a week, begins at a random week. The methods see the true counts, or
those of a model with a sensitivity of 0.9 that also takes for cases one of 300 documents that are none.
"""

from __future__ import annotations

import datetime
import sys
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.settings.table import SignalSettings
from glane.surveillance.signals.series import Series, signals_of

YEARS, OUTBREAK, SIZE, VISITS = 8, 4, 8.0, 3000
_FIRST = datetime.date(2018, 1, 1)
Counts = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Over all series."""

    sensitivity: float  # of outbreaks: a signal in one of their weeks
    delay: float  # weeks from the first to the first signal, of those found
    false_a_year: float  # signals in weeks without an outbreak


def simulated(method: str, *, series: int, seed: int) -> dict[str, Found]:
    """What a method finds in the true counts and in the model's."""
    seen: dict[str, list[tuple[bool, float, int]]] = {"true counts": [], "counts of the model": []}
    for number in range(series):
        rng = np.random.default_rng([seed, number])
        truth, start = _truth(rng)
        model = rng.binomial(truth, 0.9) + rng.binomial(VISITS, 1 / 300, len(truth))
        for name, counts in (("true counts", truth), ("counts of the model", model)):
            seen[name].append(_judged(counts, start, method))
    return {name: _summed(told) for name, told in seen.items()}


def _truth(rng: np.random.Generator) -> tuple[Counts, int]:
    weeks = np.arange(52 * YEARS)
    mean = np.exp(2.0 + 0.0005 * weeks + 0.4 * np.cos(2 * np.pi * weeks / 52))
    counts = rng.negative_binomial(8, 8 / (8 + mean))
    start = int(rng.integers(52 * (YEARS - 1) + 4, 52 * YEARS - OUTBREAK))
    deviation = np.sqrt(mean[start] * (1 + mean[start] / 8))
    counts[start : start + OUTBREAK] += rng.multinomial(round(SIZE * deviation), [0.2, 0.35, 0.3, 0.15])
    return counts, start


def _judged(counts: Counts, start: int, method: str) -> tuple[bool, float, int]:
    periods = [_FIRST + datetime.timedelta(days=7 * week) for week in range(len(counts))]
    one = Series(
        keys={}, periods=periods, counts=counts.astype(np.float64), is_incomplete=np.zeros(len(counts), dtype=bool),
        is_silent=np.zeros(len(counts), dtype=bool), draws=None,
    )  # fmt: skip
    [found] = signals_of(one, SignalSettings(methods=(method,)))  # type: ignore[arg-type]
    signal = found.select(pl.col("signal").fill_null(False)).to_series().to_numpy()
    within = np.flatnonzero(signal[start : start + OUTBREAK])
    others = signal[-52:].sum() - len(within)
    return bool(len(within)), float(within[0]) if len(within) else np.nan, int(others)


def _summed(told: list[tuple[bool, float, int]]) -> Found:
    found, delay, others = (np.array(part, dtype=np.float64) for part in zip(*told, strict=True))
    return Found(
        sensitivity=float(found.mean()), delay=float(np.nanmean(delay)) if found.any() else np.nan,
        false_a_year=float(others.mean()),
    )  # fmt: skip


def main() -> None:
    """Print all methods."""
    num = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    print(f"{'method':<12} {'seen':<22} found  delay (weeks)  false a year")
    for method in ("ears_c1", "ears_c2", "ears_c3", "cusum", "farrington"):
        for name, one in simulated(method, series=num, seed=1).items():
            print(
                f"{method:<12} {name:<22} {one.sensitivity:5.2f}  {one.delay:13.1f}  {one.false_a_year:12.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
