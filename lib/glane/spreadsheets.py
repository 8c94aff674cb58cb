"""Texts that spreadsheets would compute: a cell that begins as a formula does, such as `=HYPERLINK(…)`."""

from __future__ import annotations

import re
from typing import TypeVar

import polars as pl
import polars.selectors as cs

# What begins a formula, or is passed over before one; the wide forms are those of East Asian keyboards.
_FORMULA = "^[-=+@\t\r\n\uff1d\uff0b\uff0d\uff20]"
_GUARD = "'"

Table = TypeVar("Table", pl.DataFrame, pl.LazyFrame)


def guarded(text: str) -> str:
    """Return a text as a cell of a spreadsheet: with an apostrophe in front, if it would be taken for a formula."""
    return f"{_GUARD}{text}" if re.match(_FORMULA, text) else text


def without_formulas(table: Table) -> Table:
    """Return a flat table whose text columns are guarded as `guarded` does. Numbers stay numbers, also below 0."""
    text = cs.string()
    return table.with_columns(pl.when(text.str.contains(_FORMULA)).then(_GUARD + text).otherwise(text).name.keep())
