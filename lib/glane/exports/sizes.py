"""How much room values need in programs that have little: whole numbers in doubles, texts in variables of a width."""

from __future__ import annotations

from typing import Literal, cast

import polars as pl

_LARGEST_EXACT = 2**53  # above it, neighbouring whole numbers are the same double
_LAST_YEAR = 9999
_LARGEST_OF_R = 2**31 - 1

Held = Literal["integer", "double", "text"]


def held_as(values: pl.Series) -> Held:
    """As an integer of 32 bits, as a double, or, where a double would round them, as a text."""
    ends = (cast(int | None, values.min()), cast(int | None, values.max()))
    largest = max(abs(end or 0) for end in ends)
    if largest <= _LARGEST_OF_R:
        return "integer"
    return "double" if largest <= _LARGEST_EXACT else "text"


def is_far(days: pl.Series) -> pl.Series:
    """Which dates or instants have a year that four digits do not write; false where there is none."""
    return (~days.dt.year().is_between(1, _LAST_YEAR)).fill_null(False)


def longest_of(texts: pl.Series) -> int:
    """The bytes of the longest text in UTF-8."""
    return cast(int | None, texts.str.len_bytes().max()) or 0
