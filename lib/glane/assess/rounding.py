"""How figures are rounded where people read them: one rule for terminals, pages, tables and briefs.

An estimate is told as the nearest number. Limits are rounded outwards, so that what is told never says more than what
was computed; an exact figure has itself for both. Limits of a count are whole; a corrected count below ten has a
decimal where it is not whole, since no document and half a document are not the same.
"""

from __future__ import annotations

import math

_SLACK = 1e-6  # of the last digit: sums and quantiles of whole numbers are not quite whole
_FEW = 10
MOST_DIGITS = 8  # after the point


def outward(low: float, high: float, digits: int = 0) -> tuple[float, float]:
    """Limits with so many digits after the point, rounded outwards; those of a figure that is exact as it is."""
    if math.isclose(low, high, rel_tol=1e-9, abs_tol=1e-12):
        return round(low, digits) + 0.0, round(high, digits) + 0.0
    return downwards(low, digits), upwards(high, digits)


def downwards(limit: float, digits: int = 0) -> float:
    """A lower limit."""
    return float(round(math.floor(limit * 10**digits + _SLACK) / 10**digits, digits)) + 0.0


def upwards(limit: float, digits: int = 0) -> float:
    """An upper limit."""
    return float(round(math.ceil(limit * 10**digits - _SLACK) / 10**digits, digits)) + 0.0


def count_digits(count: float | None) -> int:
    """The digits after the point of a corrected count."""
    if count is None or count >= _FEW:
        return 0
    return int(not round(float(count), 1).is_integer())


def rate_digits(rate: float | None) -> int:
    """Those of a rate or an expected count: one, two below ten, of small ones as many as show two that are not 0."""
    if rate is None or rate >= _FEW:
        return 1
    return min(max(2, 1 - math.floor(math.log10(rate))), MOST_DIGITS) if rate else 2
