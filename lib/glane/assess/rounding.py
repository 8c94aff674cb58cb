"""How figures are rounded where people read them: one rule for terminals, pages, tables and briefs.

An estimate is told as the nearest number. Limits are rounded outwards, so that what is told never says more than what
was computed. Limits of a count are whole; a corrected count below ten has a decimal where it is not whole, since no
document and half a document are not the same.
"""

from __future__ import annotations

import math

_SLACK = 1e-6  # of the last digit: sums and quantiles of whole numbers are not quite whole
_FEW = 10
MOST_DIGITS = 8  # after the point


def outward(low: float, high: float, digits: int = 0) -> tuple[float, float]:
    """Limits with so many digits after the point, rounded outwards."""
    scale = 10.0**digits
    down, up = math.floor(low * scale + _SLACK), math.ceil(high * scale - _SLACK)
    return round(down / scale, digits) + 0.0, round(up / scale, digits) + 0.0


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
