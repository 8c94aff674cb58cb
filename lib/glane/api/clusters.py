"""Which documents of a run go together."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from glane.assess.clusters import cluster_numbers
from glane.errors import ConfigError, DataError, did_you_mean
from glane.extraction.results import Run

CLUSTER, _TEXT = "cluster", "_text"


def evaluated_clusters(run: Run, columns: Sequence[str]) -> pl.DataFrame | None:
    """The clusters of a run's usable documents, as `clusters_of`; None without columns where no text came twice."""
    if not columns and not run.usable().select(pl.col("duplicate").any()).collect().item():
        return None
    return clusters_of(run, columns)[0]


def clusters_of(run: Run, columns: Sequence[str]) -> tuple[pl.DataFrame, bool]:
    """The usable documents of a run: id, and the number of the cluster; and whether clusters could be told.

    Documents of the same values in `columns`, of the run or of its input, are of one cluster; without columns, those of
    the same text. The latter cannot be told if the input has changed or is gone: each document is then alone.

    Raises:
        ConfigError: if there is no such column.
        DataError: if a column is one of the input, and this has changed or is gone.
    """
    id_column = run.id_column
    usable = run.usable()
    if not columns:
        ids = usable.select(id_column).collect()
        if run.settings.data.group_by is not None:  # a group has no one text
            return ids.with_columns(cluster_numbers(ids, ()).alias(CLUSTER)), True
        try:
            text = pl.col(run.settings.data.text_column).hash().alias(_TEXT)
            texts = run.documents().select(id_column, text).collect()
        except DataError:
            return ids.with_columns(cluster_numbers(ids, ()).alias(CLUSTER)), False
        rows = ids.join(texts, on=id_column, how="left", maintain_order="left")
        return rows.select(id_column, cluster_numbers(rows, [_TEXT]).alias(CLUSTER)), True
    own = usable.collect_schema().names()
    others = [name for name in columns if name not in own]
    if others:
        inputs = run.columns_beside()
        known = [*own, *(name for name in inputs.collect_schema().names() if name not in own)]
        if strange := [name for name in others if name not in known]:
            raise ConfigError(
                f"clusters: no column {strange[0]!r} in the run or its input. {did_you_mean(strange[0], known)}"
            )
        usable = usable.join(inputs.select(id_column, *others), on=id_column, maintain_order="left")
    if nested := [name for name, kind in usable.collect_schema().items() if name in columns and kind.is_nested()]:
        raise ConfigError(f"clusters: {nested[0]!r} is a list or a record; clusters are made of plain values.")
    # Named apart from the id, which may be one of them.
    rows = usable.select(id_column, *(pl.col(name).alias(f"_{place}") for place, name in enumerate(columns))).collect()
    numbers = cluster_numbers(rows, [f"_{place}" for place in range(len(columns))])
    return rows.select(id_column, numbers.alias(CLUSTER)), True
