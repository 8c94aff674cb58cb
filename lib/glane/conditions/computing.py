"""A condition computed for the rows of a table."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from glane.conditions.texts import refuse_ordered_dates
from glane.conditions.trees import as_tree
from glane.errors import ConfigError


def untrue(condition: pl.Expr, schema: Mapping[str, pl.DataType]) -> str:
    """Why a condition does not give true or false for a row of these columns; empty if it does."""
    try:
        kind = pl.DataFrame(schema=schema).clear(1).select(condition.alias("_")).dtypes[0]
    except (pl.exceptions.PolarsError, ValueError, TypeError) as error:  # the row is null: there is no cell to quote
        return first_line(error)
    return "" if kind == pl.Boolean() else f"it gives {kind}, not true or false"


def computed(condition: pl.Expr, rows: pl.DataFrame, *, place: str, of: str) -> pl.Series:
    """For each row, whether the condition is true of it; null is not.

    Args:
        condition: Of `read_condition`.
        rows: With its columns.
        place: The setting that says it.
        of: What the rows are, for the message.

    Raises:
        ConfigError: if it fails at a cell, or puts dates in order that are texts. Its message quotes no cell: it may be
            a document's text.
    """
    refuse_ordered_dates(as_tree(condition), rows, place=place)
    try:
        return rows.select(condition.alias("_")).to_series().fill_null(value=False)
    except Exception as error:  # of Polars, of several types; their messages quote cells
        raise ConfigError(
            f"{place}: cannot be computed for every {of} ({type(error).__name__}): what it does does not fit a cell of "
            f"{told_columns({name: rows.schema[name] for name in dict.fromkeys(condition.meta.root_names())})}. "
            "TRY_CAST(column AS INT) gives null for what is no number; STRPTIME(column, '%Y-%m-%d') reads dates. Whole "
            "numbers and what is computed of them must fit 64 bits with a sign."
        ) from None


def told_columns(kinds: Mapping[str, pl.DataType]) -> str:
    """Names and types of columns, for a message."""
    return ", ".join(f"{name} ({kind})" for name, kind in kinds.items())


def first_line(error: Exception) -> str:
    """What an error of Polars says first."""
    return next(iter(str(error).splitlines()), type(error).__name__)
