"""Yes and no: whether a document has a value in a field, as shares and samples by the model's answer count it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import polars as pl

from glane.conditions import moment
from glane.errors import ConfigError, did_you_mean

NOT_GIVEN = "true"  # what `value` is where nothing is said: of a yes or no, the yes
_MOST_TOLD = 40
_MOMENTS = (pl.Date, pl.Datetime, pl.Time)


def is_yes(field: str, value: str, *, of: pl.DataType, as_in: pl.DataType) -> pl.Expr:
    """Whether a document has `value` in `field`, or, of a list, among its items; null is a no.

    Numbers are compared as numbers: 3.0 in a gold of floats is the 3 of a run of whole numbers.

    Args:
        field: the column.
        value: as text.
        of: the column's type.
        as_in: its type in the run, by which the value is read.
    """
    column = pl.col(field)
    if of == pl.Null:
        return pl.lit(False)
    if isinstance(of, pl.List | pl.Array):
        items = column.cast(pl.List(inner_type(of))).list.eval(_equals(pl.element(), inner_type(as_in), value))
        return items.list.any().fill_null(False)
    return _equals(column, as_in, value).fill_null(False)


def check_value(field: str, value: str, *, kind: pl.DataType, categories: Sequence[str] = ()) -> None:
    """Check that a value can be one of a field; one that occurs nowhere is a count of 0.

    Args:
        field: the column.
        value: as text.
        kind: the column's type.
        categories: all values of a field that has no others.

    Raises:
        ConfigError: if it is none of them, or not of this kind.
    """
    if isinstance(kind, pl.Struct) or (isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct)):
        raise ConfigError(f"field: {field!r} holds records; choose a field of plain values.")
    if isinstance(kind, pl.Boolean) and value not in ("true", "false"):
        raise ConfigError(f"value: {value!r} is no value of the boolean {field!r}. Valid: false, true.")
    inner = inner_type(kind)
    if value == NOT_GIVEN and not isinstance(inner, pl.Boolean) and value not in categories:
        raise ConfigError(_which(field, inner, categories))
    if categories and value not in categories:
        raise ConfigError(f"value: {value!r} is no value of {field!r}. {did_you_mean(value, categories)}")
    if isinstance(inner, _MOMENTS):
        moment(value, inner, place="value")
    if inner.is_numeric() and not _is_number(value):
        raise ConfigError(
            f"value: {value!r} is no number, and {field!r} holds numbers. Give the number that counts as a yes "
            "(value=3), or estimate what=mean."
        )
    if inner.is_integer() and not float(value).is_integer():
        raise ConfigError(f"value: {value!r} is no whole number, and {field!r} holds whole numbers.")


def _which(field: str, kind: pl.DataType, categories: Sequence[str]) -> str:
    """What must be said of a field that is no yes or no."""
    if categories:
        shown = ", ".join(categories[:_MOST_TOLD]) + (", …" if len(categories) > _MOST_TOLD else "")
        return f"value: {field!r} is a category: say which one counts as a yes, value=CATEGORY. Valid: {shown}."
    if kind.is_numeric():
        return f"value: {field!r} holds numbers: say which one counts as a yes, as value=3, or estimate what=mean."
    if isinstance(kind, _MOMENTS):
        return f"value: {field!r} holds dates or times: say which one counts as a yes, as value=2024-12-31."
    return f"value: {field!r} holds texts: say which one counts as a yes, value=TEXT, or give a condition, case='…'."


def inner_type(kind: pl.DataType) -> pl.DataType:
    """The type of the items of a list, or the type itself."""
    inner = kind.inner if isinstance(kind, pl.List | pl.Array) else kind
    return inner() if isinstance(inner, type) else inner


def _equals(values: pl.Expr, kind: pl.DataType, wanted: str) -> pl.Expr:
    if kind.is_numeric():
        return values.cast(pl.Float64) == float(wanted)
    if isinstance(kind, _MOMENTS):
        return values.cast(kind) == pl.lit(moment(wanted, kind, place="value"), dtype=kind)
    return values.cast(pl.String) == wanted


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
