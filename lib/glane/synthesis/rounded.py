"""What a rounded number can have been before it was rounded."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

Ends = tuple[float, float]


def half_unit(values: Sequence[float | None]) -> float:
    """Half a unit of the last decimal of numbers that are written alike: of the one that shows most of them."""
    return 0.5 * 10.0 ** -max((_decimals(one) for one in values if one is not None), default=0)


def around(value: float, half: float) -> Ends:
    """Between which a number lies that was rounded to `value`."""
    slack = 1e-9 * max(1.0, abs(value))
    return value - half - slack, value + half + slack


def ends_of(function: Callable[..., float], *ranges: Ends) -> Ends:
    """The ends of a function that is monotone in each number, over all that each can have been."""
    values = [function(*corner) for corner in itertools.product(*ranges)]
    return min(values), max(values)


def meet(first: Ends, second: Ends) -> bool:
    """Whether two ranges have a number in common."""
    return first[0] <= second[1] and second[0] <= first[1]


def _decimals(value: float) -> int:
    """The decimals that are told; 6.0 may have been written as 6."""
    text = f"{value:.10f}".rstrip("0")
    return len(text) - text.index(".") - 1
