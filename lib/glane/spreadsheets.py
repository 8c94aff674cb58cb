"""What spreadsheets make of CSV: a cell that begins as a formula does (`=HYPERLINK(…)`) is computed, and the sign
between cells is that of the country.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Mapping
from typing import IO, TypeVar

import polars as pl
import polars.selectors as cs

from glane.types import Language

# What begins a formula, or is passed over before one; the wide forms are those of East Asian keyboards.
_FORMULA = "^[-=+@\t\r\n\uff1d\uff0b\uff0d\uff20]"
_GUARD = "'"

SEPARATORS: Mapping[Language, str] = {"fr": ";", "en": ","}
"""Between cells, as spreadsheets of a country read CSV."""
MARKED: Mapping[Language, bool] = {"fr": True, "en": False}
"""Whether a mark of byte order tells them that a file is UTF-8."""

Table = TypeVar("Table", pl.DataFrame, pl.LazyFrame)


def guarded(text: str) -> str:
    """Return a text as a cell of a spreadsheet: with an apostrophe in front, if it would be taken for a formula."""
    return f"{_GUARD}{text}" if re.match(_FORMULA, text) else text


def without_formulas(table: Table) -> Table:
    """Return a flat table whose text columns are guarded as `guarded` does. Numbers stay numbers, also below 0."""
    text = cs.string()
    return table.with_columns(pl.when(text.str.contains(_FORMULA)).then(_GUARD + text).otherwise(text).name.keep())


def row_writer(stream: IO[str], language: Language) -> Callable[[Iterable[object]], object]:
    """Begin a CSV file in UTF-8, and return what writes a row. `stream` is opened with `newline=""`."""
    if MARKED[language]:
        stream.write("\ufeff")
    return csv.writer(stream, delimiter=SEPARATORS[language]).writerow
