"""CUSUM of standardised counts: small rises that go on are seen, where none is high by itself.

Rossi, Lampugnani and Marchi, Stat. Med. 1999, as `cusum` of the R package surveillance has it with `trans="standard"`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from glane.surveillance.signals.bounds import Bounds

Floats = NDArray[np.float64]


def cusum(counts: Floats, *, training: int, k: float = 1.04, h: float = 2.26) -> Bounds:
    """Bounds of the periods after the first `training` ones, whose mean is what is expected.

    Args:
        counts: Of the periods; a period that is not a number is passed over, and has no bound.
        training: Periods that tell the mean.
        k: What a standardised count may be above 0 before it adds up.
        h: The sum that is a signal.
    """
    expected, upper = np.full(len(counts), np.nan), np.full(len(counts), np.nan)
    known = counts[:training][np.isfinite(counts[:training])]
    if not len(known) or known.mean() <= 0:
        return Bounds(expected=expected, upper=upper)
    mean, total = float(known.mean()), 0.0
    for place in range(training, len(counts)):
        if not np.isfinite(counts[place]):
            continue
        expected[place] = mean
        # A whole count that reaches h is a signal: one above the bound, not one at it.
        upper[place] = max(0.0, math.ceil(math.sqrt(mean) * (h + k - total) + mean) - 1)
        total = max(0.0, total + (counts[place] - mean) / math.sqrt(mean) - k)
    return Bounds(expected=expected, upper=upper)
