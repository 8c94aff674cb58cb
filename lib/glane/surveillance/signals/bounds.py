"""What a method says of the periods of a series."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """Arrays over periods; not a number where earlier periods do not tell."""

    expected: Floats
    upper: Floats  # a count above it is a signal
