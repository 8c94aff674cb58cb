"""Which documents go together: those with the same values in some columns, such as a patient's or a hospital's."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

# With fewer, intervals by cluster are too short (Cameron, Gelbach and Miller, Rev. Econ. Stat. 2008).
FEW_CLUSTERS = 15
_PLACE = "__place"


def cluster_numbers(rows: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """The cluster of each row, as a number from 0: rows that agree in all of `columns` are of one cluster.

    A row without a value in one of them is a cluster of its own: nothing says with which others it goes. Without
    columns, so is every row.
    """
    if not columns:
        return pl.Series("cluster", range(rows.height), pl.Int64)
    placed = rows.select(pl.int_range(pl.len()).alias(_PLACE), *(pl.col(name) for name in columns))
    first = pl.col(_PLACE).min().over([pl.col(name) for name in columns])
    known = pl.all_horizontal(pl.col(name).is_not_null() for name in columns)
    numbers = pl.when(known).then(first).otherwise(_PLACE)
    return placed.select((numbers.rank("dense") - 1).cast(pl.Int64).alias("cluster")).to_series()
