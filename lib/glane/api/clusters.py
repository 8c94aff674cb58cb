"""Which documents of a run go together."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import polars as pl

from glane.assess.clusters import CLUSTER, COPIES_ALONE, cluster_numbers
from glane.errors import ConfigError, DataError, did_you_mean
from glane.extraction.results import Run
from glane.languages import say

_TEXT = "__text"


def evaluated_clusters(run: Run, columns: Sequence[str]) -> tuple[pl.DataFrame | None, bool]:
    """The clusters of all documents of a run, and whether they could be told, as `clusters_of`.

    They are None without columns where no text is there twice.

    Texts are read: the result tells only of those copies that met in one process. Documents without values are among
    them: they are judged as well, and belong to their patient or hospital as the others do.
    """
    found, are_known = clusters_of(run, columns, run.all())
    return found if columns or found[CLUSTER].is_duplicated().any() else None, are_known


def clusters_or_warning(run: Run, columns: Sequence[str]) -> pl.DataFrame | None:
    """The clusters alone; that they could not be told is said on stderr: for what has no other place for it."""
    found, are_known = evaluated_clusters(run, columns)
    if not are_known:
        warn_of_copies()
    return found


def warn_of_copies() -> None:
    """Say on stderr that copies of one text count as documents of their own."""
    say(f"Warning: {COPIES_ALONE['en']}", to=sys.stderr)


def are_copies_known(run: Run) -> bool:
    """Whether the texts of a run can be read again, by which copies of one text are known. A group has no one text."""
    if run.settings.data.group_by is not None:
        return True
    try:
        run.documents()
    except DataError:
        return False
    return True


def clusters_of(run: Run, columns: Sequence[str], rows: pl.LazyFrame) -> tuple[pl.DataFrame, bool]:
    """The id and the CLUSTER of some rows of a run; and whether clusters could be told.

    Documents of the same values in `columns`, of the run or of its input, are of one cluster; without columns, those of
    the same text. The latter cannot be told if the input has changed or is gone: each document is then alone.

    Raises:
        ConfigError: if there is no such column.
        DataError: if a column is one of the input, and this has changed or is gone.
    """
    id_column = run.id_column
    if not columns:
        ids = rows.select(id_column).collect()
        if run.settings.data.group_by is not None:  # a group has no one text
            return ids.with_columns(cluster_numbers(ids, ()).alias(CLUSTER)), True
        try:
            text = pl.col(run.settings.data.text_column).hash().alias(_TEXT)
            texts = run.documents().select(id_column, text).collect()
        except DataError:
            return ids.with_columns(cluster_numbers(ids, ()).alias(CLUSTER)), False
        found = ids.join(texts, on=id_column, how="left", maintain_order="left")
        return found.select(id_column, cluster_numbers(found, [_TEXT]).alias(CLUSTER)), True
    own = rows.collect_schema().names()
    others = [name for name in columns if name not in own]
    if others:
        inputs = run.columns_beside()
        known = [*own, *(name for name in inputs.collect_schema().names() if name not in own)]
        if strange := [name for name in others if name not in known]:
            raise ConfigError(
                f"clusters: no column {strange[0]!r} in the run or its input. {did_you_mean(strange[0], known)}"
            )
        rows = rows.join(inputs.select(id_column, *others), on=id_column, maintain_order="left")
    if nested := [name for name, kind in rows.collect_schema().items() if name in columns and kind.is_nested()]:
        raise ConfigError(f"clusters: {nested[0]!r} is a list or a record; clusters are made of plain values.")
    found = rows.select({id_column: None, **dict.fromkeys(columns)}.keys()).collect()
    return found.select(id_column, cluster_numbers(found, columns).alias(CLUSTER)), True
