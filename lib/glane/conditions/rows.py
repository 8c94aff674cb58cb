"""A condition over a table: checked against its columns, and computed for each of its rows."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from glane.conditions.categories import Cells, check_categories
from glane.conditions.computing import computed, told_columns, untrue
from glane.conditions.occurring import Occurring
from glane.conditions.reading import read_condition
from glane.conditions.texts import plain_texts
from glane.conditions.typed import typed_condition
from glane.errors import ConfigError


def checked_condition(text: str, schema: Mapping[str, pl.DataType], *, cells: Cells, place: str) -> pl.Expr:
    """The condition as it is computed over columns of these types, whose codes are read as texts.

    Args:
        text: The condition.
        schema: Of the columns that it speaks of.
        cells: Of columns of categories that their type does not tell; see `check_categories`.
        place: The setting that says it.

    Raises:
        ConfigError: if it is no condition on one row of them, or compares a column with what it cannot hold.
    """
    condition = read_condition(text, place=place)
    check_categories(condition, schema, cells=cells, place=place)
    plain = dict(plain_texts(pl.DataFrame(schema=schema)).schema)
    condition = typed_condition(condition, plain, place=place)
    if problem := untrue(condition, plain):
        raise ConfigError(f"{place}: {text!r} cannot be computed ({problem}). The columns: {told_columns(plain)}.")
    return condition


def true_of(
    text: str, rows: pl.DataFrame, *, place: str, of: str, cells: Cells | None = None, watch: Occurring | None = None
) -> pl.Series:
    """For each row, whether the condition is true of it; null is not.

    Args:
        text: The condition.
        rows: With the columns that it speaks of, and no others.
        place: The setting that says it.
        of: What the rows are, for messages.
        cells: See `checked_condition`.
        watch: Takes note of the texts that the rows hold.

    Raises:
        ConfigError: as `checked_condition` does, and if it fails at a row.
    """
    condition = checked_condition(text, rows.schema, cells=cells or {}, place=place)
    if watch is not None:
        watch.look(rows)
    return computed(condition, plain_texts(rows), place=place, of=of)
