"""Which rows of a run count: a condition in SQL on its id and its carried columns."""

from __future__ import annotations

import sys
from typing import cast

import numpy as np
import polars as pl

from glane.conditions import Occurring, quote_remedy, read_condition, true_of
from glane.errors import ConfigError, did_you_mean
from glane.languages import say
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
    watch = Occurring(read)
    found = true_of(condition, rows.select(names), place="where", of="document", watch=watch)
    for note in watch.notes("where"):
        say(f"note: {note}", to=sys.stderr)
    return cast(Mask, found.to_numpy())
