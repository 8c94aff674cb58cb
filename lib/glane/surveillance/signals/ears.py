"""EARS C1, C2 and C3: a count against the mean of seven earlier periods.

Hutwagner, Thompson, Seeman and Treadwell, J. Urban Health 2003; the statistics as in Fricker, Hegler and Dunfee, Stat.
Med. 2008. C1 takes the seven periods before; C2 leaves two out between, so that a slow rise does not hide itself; C3
adds up how far C2 was above 1 in this period and the two before. The function `earsC` of the R package surveillance
gives the same C1 and C2; its bound of C3 (version 1.20) is made of the count itself, and is another.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.stats import norm

from glane.surveillance.signals.bounds import Bounds

Floats = NDArray[np.float64]
BASELINE = 7
ALPHA, ALPHA_C3 = 0.001, 0.025  # the chance of a false signal, were counts normal: three and two deviations
_LAG = 2  # periods that C2 and C3 leave out before the one that is judged


def c1(counts: Floats, *, alpha: float = ALPHA) -> Bounds:
    """Bounds by the seven periods before. `counts` may hold what is not a number; so is every bound that needs it."""
    return _bounds(counts, 0, alpha)


def c2(counts: Floats, *, alpha: float = ALPHA) -> Bounds:
    """Bounds by seven periods, the last of them three before."""
    return _bounds(counts, _LAG, alpha)


def c3(counts: Floats, *, alpha: float = ALPHA_C3) -> Bounds:
    """Bounds of C2, lower where the two periods before were high, too."""
    mean, deviation = _moments(counts, _LAG)
    with np.errstate(divide="ignore", invalid="ignore"):
        excess = np.maximum(0.0, (counts - mean) / deviation - 1.0)
    excess = np.where(np.isfinite(excess), excess, np.where(np.isnan(excess), np.nan, 0.0))
    before = np.full_like(counts, np.nan, dtype=np.float64)
    before[2:] = excess[1:-1] + excess[:-2]
    left = np.maximum(0.0, norm.ppf(1 - alpha) - before)
    return Bounds(expected=np.where(np.isnan(before), np.nan, mean), upper=mean + deviation * (1.0 + left))


def _bounds(counts: Floats, lag: int, alpha: float) -> Bounds:
    mean, deviation = _moments(counts, lag)
    return Bounds(expected=mean, upper=mean + norm.ppf(1 - alpha) * deviation)


def _moments(counts: Floats, lag: int) -> tuple[Floats, Floats]:
    """The mean and the standard deviation of the baseline of each period."""
    mean, deviation = np.full(len(counts), np.nan), np.full(len(counts), np.nan)
    first = BASELINE + lag
    if len(counts) > first:
        windows = sliding_window_view(counts, BASELINE)[: len(counts) - first]
        mean[first:], deviation[first:] = windows.mean(axis=1), windows.std(axis=1, ddof=1)
    return mean, deviation
