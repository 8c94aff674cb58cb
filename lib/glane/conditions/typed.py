"""A condition over columns whose types are known."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from glane.conditions.dates import refuse_numbers, with_dates
from glane.conditions.numbers import with_numbers
from glane.conditions.texts import refuse_ordered_literals
from glane.conditions.trees import TooDeep, as_expression, as_tree
from glane.errors import ConfigError


def typed_condition(condition: pl.Expr, schema: Mapping[str, pl.DataType], *, place: str) -> pl.Expr:
    """Return `condition` as it is computed over columns of these types.

    Texts that it compares with dates, datetimes and times are such. Whole numbers are computed in 64 bits, and what
    does not fit fails at the row. NaN is null.

    Raises:
        ConfigError: for a text that is compared with dates and is none, or that is a date or a number of another form
            and would be put in order as text.
    """
    tree = as_tree(condition)
    try:
        refuse_ordered_literals(tree, schema, place=place)
        tree = with_dates(tree, schema, place)
        refuse_numbers(tree, schema, place)
        return as_expression(with_numbers(tree, schema))
    except (TooDeep, RecursionError):
        raise ConfigError(f"{place}: the condition cannot be computed ({TooDeep()}).") from None
