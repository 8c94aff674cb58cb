"""Which documents go together: those with the same values in some columns, such as a patient's or a hospital's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.types import Language

# With fewer, intervals by cluster are too short (Cameron, Gelbach and Miller, Rev. Econ. Stat. 2008).
FEW_CLUSTERS = 15
CLUSTER = "__cluster"  # the column of a cluster's number; no id is named so
_PLACE = "__place"
TEXTS_UNKNOWN: Mapping[Language, str] = {
    "fr": "Les textes de l'extraction ne se lisent plus : on ne sait pas si certains sont identiques.",
    "en": "The texts of the run cannot be read again: whether some are identical is not known.",
}
COPIES_ALONE: Mapping[Language, str] = {
    "fr": "Les textes de l'extraction ne se lisent plus : des copies d'un même texte comptent comme des documents "
    "séparés, et les intervalles sont alors trop courts. Remettez les fichiers d'entrée en place.",
    "en": "The texts of the run cannot be read again: copies of one text count as documents of their own, and "
    "intervals are too short then. Put the input files back.",
}


def cluster_numbers(rows: pl.DataFrame, columns: Sequence[str]) -> pl.Series:
    """The cluster of each row, as a number from 0: rows that agree in all of `columns` are of one cluster.

    A row without a value in one of them is a cluster of its own: nothing says with which others it goes. Without
    columns, so is every row.
    """
    if not columns:
        return pl.Series(CLUSTER, range(rows.height), pl.Int64)
    keys = [f"__{place}" for place in range(len(columns))]
    values = (pl.col(name).fill_nan(None) if rows.schema[name].is_float() else pl.col(name) for name in columns)
    placed = rows.select(value.alias(key) for key, value in zip(keys, values, strict=True)).with_row_index(_PLACE)
    first = pl.col(_PLACE).min().over(keys)
    known = pl.all_horizontal(pl.col(key).is_not_null() for key in keys)
    numbers = pl.when(known).then(first).otherwise(_PLACE)
    return placed.select((numbers.rank("dense") - 1).cast(pl.Int64).alias(CLUSTER)).to_series()


def numbers_for(ids: pl.Series, clusters: pl.DataFrame | None) -> NDArray[np.int64] | None:
    """The clusters of some documents, as numbers from 0; None if no two of them go together.

    Args:
        ids: Of the documents.
        clusters: The id, and the number of the cluster in the column CLUSTER. A document that is not in it is a
            cluster by itself.
    """
    if clusters is None:
        return None
    named = ids.to_frame().join(clusters, on=ids.name, how="left", maintain_order="left")
    places = -1 - pl.int_range(pl.len(), dtype=pl.Int64)
    found = named.select(pl.col(CLUSTER).fill_null(places)).to_series().to_numpy()
    numbers: NDArray[np.int64] = np.unique(found, return_inverse=True)[1].astype(np.int64)
    return numbers if numbers.max(initial=-1) + 1 < len(numbers) else None


def sums_by_cluster(rows: NDArray[np.float64], clusters: NDArray[np.int64]) -> NDArray[np.float64]:
    """The sums of each column over the documents of each cluster, shape (clusters, columns).

    Args:
        rows: Of the documents, shape (documents, columns).
        clusters: Theirs, numbers from 0.
    """
    num = int(clusters.max()) + 1
    return np.stack([np.bincount(clusters, column, num) for column in rows.T], axis=1)
