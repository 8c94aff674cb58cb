"""Right answers from tables whose cells have no type of the task: brought into it where each value stays itself."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from glane.errors import DataError
from glane.tables.advice import conversion_command
from glane.task.fields import BooleanField, Field, ListField, ObjectField

_YES = ("oui", "yes", "vrai", "true", "o", "y", "1", "1.0")
_NO = ("non", "no", "faux", "false", "n", "0", "0.0")


def as_told(table: pl.DataFrame, fields: Mapping[str, Field], *, place: str, path: Path) -> pl.DataFrame:
    """The table with the columns of simple fields in the types that right answers have.

    Yes and no are told in French or English, or as 1 and 0; numbers may be names; a column without a value is of any
    type.

    Raises:
        DataError: naming the column, what it needs and the remedy, for one that cannot be brought into it.
    """
    names = [name for name in fields if name in table.columns]
    return table.with_columns(_told(table[name], fields[name], f"{place}.{name}", path) for name in names)


def _told(column: pl.Series, field: Field, place: str, path: Path) -> pl.Series:
    values = column.drop_nulls()
    if values.is_empty():
        return pl.Series(column.name, [None] * len(column), dtype=pl.Null)
    if isinstance(field, ListField | ObjectField):
        if isinstance(column.dtype, pl.List | pl.Struct):
            return column
        raise DataError(
            f"{place}: a cell of {path.name} holds no {field.type}, which the task asks there. Give right answers with "
            "it as JSON lines or Parquet, such as gold.parquet of glane review; or leave the column out."
        )
    if field.takes_column(column.dtype):
        return column
    if isinstance(field, BooleanField):
        return _yes_or_no(column, place)
    if field.takes_column(pl.String()) and column.dtype.is_integer():
        return column.cast(pl.String)
    raise DataError(
        f"{place}: {len(values)} cells are not what the task's {field.type} needs. What was told of this column "
        f"says why. Mend its cells, or say how they are read: {conversion_command(path)}"
    )


def _yes_or_no(column: pl.Series, place: str) -> pl.Series:
    words = column.cast(pl.String).str.strip_chars().str.to_lowercase()
    known = dict.fromkeys(_YES, True) | dict.fromkeys(_NO, False)
    found = words.replace_strict(known, default=None, return_dtype=pl.Boolean)
    if wrong := found.null_count() - column.null_count():
        raise DataError(
            f"{place}: {wrong} cells say neither yes nor no. Write oui or non, yes or no, true or false, 1 or 0; leave "
            "a cell empty for no value."
        )
    return found.rename(column.name)
