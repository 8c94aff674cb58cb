"""How programs whose numbers are doubles hold whole numbers."""

from __future__ import annotations

from typing import Literal

import polars as pl

_LARGEST_EXACT = 2**53  # above it, neighbouring whole numbers are the same double
_LARGEST_OF_R = 2**31 - 1

Held = Literal["integer", "double", "text"]


def held_as(values: pl.Series) -> Held:
    """As an integer of 32 bits, as a double, or, where a double would round them, as a text."""
    largest = max(abs(int(values.min() or 0)), abs(int(values.max() or 0)))  # type: ignore[call-overload]
    if largest <= _LARGEST_OF_R:
        return "integer"
    return "double" if largest <= _LARGEST_EXACT else "text"
