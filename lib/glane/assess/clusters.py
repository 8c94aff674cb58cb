"""Which documents go together: those with the same values in some columns, such as a patient's or a hospital's."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

FEW_CLUSTERS = 15  # with fewer, what is said of others rests on next to nothing


def cluster_numbers(rows: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """The cluster of each row, as a number from 0: rows that agree in all of `columns` are of one cluster.

    A row without a value in one of them is a cluster of its own: nothing says with which others it goes. Without
    columns, so is every row.
    """
    place = "_place"
    numbered = pl.DataFrame({place: range(rows.height)}, schema={place: pl.Int64}).hstack(rows.select(columns))
    number = pl.col(place)
    if columns:
        known = pl.all_horizontal(pl.col(name).is_not_null() for name in columns)
        number = pl.when(known).then(number.min().over(list(columns))).otherwise(number)
    return numbered.select((number.rank("dense") - 1).cast(pl.Int64).alias("cluster")).to_series()
