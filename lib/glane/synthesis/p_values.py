"""P values as they are written."""

from __future__ import annotations

import math
import re
from statistics import NormalDist

from glane.synthesis.rounded import Ends, around

_WRITTEN = re.compile(r"([<>≤≥])?\s*(\d*[.,](\d+)|[01])(?![\d.,])")
_POWER = re.compile(r"10\s*\^?\s*[-−–]|e\s*[-−–]\s*\d", re.IGNORECASE)
_NOT = re.compile(r"^\s*(n\.?\s*s\b|not significant|non significati)", re.IGNORECASE)


def p_range(text: str, *, alpha: float) -> Ends | None:
    """Between which a p value lies; None if the text tells none. `alpha` is what NS is above."""
    if _NOT.match(text):
        return alpha, 1.0
    found = _WRITTEN.search(text)
    if found is None or _POWER.search(text):
        return None
    sign, digits, decimals = found.groups()
    value = float(digits.replace(",", "."))
    if value > 1:
        return None
    if sign in ("<", "≤"):
        return 0.0, value
    if sign in (">", "≥"):
        return value, 1.0
    low, high = around(value, 0.5 * 10.0 ** -len(decimals or ""))
    return max(low, 0.0), min(high, 1.0)


def as_z(ends: Ends) -> Ends:
    """The distances from the null value, in standard errors, of two-sided p values."""
    return _z(ends[1]), _z(ends[0])


def _z(p_value: float) -> float:
    return math.inf if p_value < 1e-15 else NormalDist().inv_cdf(1 - p_value / 2)
