"""The order of records by what they hold: ties are not settled by what records are called."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.linkage.levels import folded

Places = NDArray[np.int64]


def by_content(records: pl.DataFrame, columns: Sequence[str]) -> Places:
    """The place of each record in the order of its values; records that hold the same are in the order they are in."""
    ranks = [_ranks(records[name]) for name in columns]
    found = np.empty(records.height, dtype=np.int64)
    found[np.lexsort(ranks[::-1])] = np.arange(records.height)
    return found


def _ranks(values: pl.Series) -> Places:
    plain = folded(values)
    if plain.dtype.is_nested():
        plain = pl.Series([None if one is None else repr(one) for one in plain.to_list()], dtype=pl.String)
    elif plain.dtype == pl.Boolean or plain.dtype == pl.Null:
        plain = plain.cast(pl.Int8)
    return plain.rank("dense").cast(pl.Int64).fill_null(0).to_numpy()
