"""Which rows of a run count: a condition in SQL on its id and its carried columns."""

from __future__ import annotations

from typing import cast

import numpy as np
import polars as pl

from glane.conditions import (
    check_categories,
    computed,
    plain_texts,
    quote_remedy,
    read_condition,
    typed_condition,
    untrue,
)
from glane.errors import ConfigError, did_you_mean
from glane.retrieval.ranked import Mask


def rows_where(rows: pl.DataFrame, condition: str | None) -> Mask:
    """Of each row, whether the condition is true. `rows` has the columns that it may speak of.

    Raises:
        ConfigError: if it is no condition on one row, or speaks of a column that is not there.
    """
    if condition is None:
        return np.ones(rows.height, np.bool_)
    read = read_condition(condition, place="where")
    names = list(dict.fromkeys(read.meta.root_names()))
    if not names:
        raise ConfigError(f"where: {condition!r} names no column. {did_you_mean('', rows.columns)}")
    if strange := [name for name in names if name not in rows.columns]:
        raise ConfigError(
            f"where: {strange[0]!r} is no column that the run carries (data.carry_columns). "
            f"{did_you_mean(strange[0], rows.columns)}{quote_remedy(condition, strange[0])}"
        )
    plain = plain_texts(rows.select(names))
    check_categories(read, rows.schema, cells={}, place="where")
    read = typed_condition(read, plain.schema, place="where")
    if problem := untrue(read, plain.schema):
        raise ConfigError(f"where: {condition!r} cannot be computed ({problem}).")
    return cast(Mask, computed(read, plain, place="where", of="document").fill_null(value=False).to_numpy())
