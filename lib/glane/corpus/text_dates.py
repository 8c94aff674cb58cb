"""Columns of text that hold dates, known by the first rows of the input."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import polars as pl
import pyarrow as pa

from glane.conditions import DAY_FIRST, READ_DATES
from glane.corpus.columns import holds_dates, holds_strings
from glane.corpus.files import InputFile
from glane.corpus.readable import readable
from glane.errors import DataError
from glane.parquet import open_parquet

_ROWS = 1024
_ISO = r"^\s*\d{4}-\d{2}-\d{2}(?:\D|$)"


def refuse_day_first(files: Sequence[InputFile], name: str | None, *, setting: str) -> None:
    """Refuse to put documents in order by texts that are dates with the day first: 07/01/2025 comes after 02/03/2025.

    Raises:
        DataError: naming the column. It quotes no cell.
    """
    if name is not None and _share(files, name, DAY_FIRST):
        raise DataError(
            f"{setting}: column {name!r} of {files[0].name} holds dates as text with the day first, as 31/01/2025: "
            f"their order is not that of time. Make it a column of dates in the input ({READ_DATES})."
        )


def text_date_lines(files: Sequence[InputFile], names: Sequence[str]) -> list[str]:
    """A line for each carried column that holds dates as text: after the extraction they cannot be made dates."""
    found = [name for name in names if _are_dates(files, name)]
    return [
        f"column {name!r} holds dates as text, and is carried as text: estimates by period (every=week) and conditions "
        f"need a column of dates. Make it one in the input before you extract ({READ_DATES})"
        for name in found
    ]


def date_columns(files: Sequence[InputFile], names: Sequence[str]) -> tuple[str, ...]:
    """Those of some columns that hold dates: by their type, or as text in the first rows."""
    kinds = {name: files[0].schema.field(name).type for name in names}
    return tuple(
        name for name, kind in kinds.items()
        if holds_dates(kind) or _are_dates(files, name)
    )  # fmt: skip


def _are_dates(files: Sequence[InputFile], name: str) -> bool:
    return _share(files, name, f"(?:{DAY_FIRST})|(?:{_ISO})") == 1


def _share(files: Sequence[InputFile], name: str, pattern: str) -> float:
    """Of the first values of a column of text, the share that a pattern matches; 0 where there are none."""
    file = next((one for one in files if one.num_rows), None)
    if file is None or not holds_strings(file.schema.field(name).type):
        return 0.0
    try:
        with open_parquet(file.path) as parquet:
            batch = next(parquet.iter_batches(_ROWS, columns=[name]), None)
            if batch is None:
                return 0.0
            values = cast(pl.Series, pl.from_arrow(readable(batch.column(0)))).cast(pl.String).drop_nulls()
    except (OSError, pa.ArrowException):  # whoever reads the rows says so
        return 0.0
    return float(cast(float, values.str.contains(pattern).mean())) if len(values) else 0.0
