"""The rows of two runs as one result: each is of one of them, and says of which."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from glane.assess.cascade.record import Part
from glane.errors import DataError, told
from glane.task.result import REUSED

PART, MODEL = "cascade_part", "cascade_model"


def joined(
    small: pl.DataFrame, large: pl.DataFrame, *, id_column: str, stay: pl.Series, models: Mapping[Part, str]
) -> pl.DataFrame:
    """The rows of the small run that stay, and those of the large one, in the order of the small run.

    A document that the large model could not answer has the large model's row, with its status: nothing falls back to
    the small model's answer. Where one of the runs extends another (`data.extend`), no row of the other keeps values:
    `reused` is false there.

    Args:
        small: All rows of the small model's run.
        large: All rows of the large model's run.
        id_column: Of both.
        stay: Ids of the documents that stay.
        models: The names of the models, by part.

    Raises:
        DataError: if the large run is not of exactly the other documents, or the columns of the runs differ.
    """
    for name in (PART, MODEL):
        if name in small.columns:
            raise DataError(f"the run has a column {name!r}, which the joined result has of its own. Rename it.")
    small, large = _with_reused(small, large), _with_reused(large, small)
    if (one := dict(small.schema)) != (other := dict(large.schema)):
        differ = [name for name in dict.fromkeys([*one, *other]) if one.get(name) != other.get(name)]
        raise DataError(
            f"large.dir: its columns are not those of the small run ({', '.join(differ)} differ). Ask both with the "
            "same task and data.carry_columns."
        )
    is_kept = pl.col(id_column).is_in(stay.implode())
    wanted = small.filter(~is_kept)[id_column]
    lacking, surplus = (
        wanted.filter(~wanted.is_in(large[id_column].implode())),
        large.filter(~pl.col(id_column).is_in(wanted.implode()))[id_column],
    )
    if len(lacking) or len(surplus):
        which = (
            f"{len(lacking)} are not in it, {told(str(lacking[0]))} for example"
            if len(lacking)
            else f"{len(surplus)} of its documents stay with the small model, {told(str(surplus[0]))} for example"
        )
        raise DataError(
            f"large.dir: its documents are not those that are to be asked again: {which}. Run it with the "
            "data.only_ids_in that this command wrote."
        )
    parts: list[tuple[Part, pl.DataFrame]] = [("small", small.filter(is_kept)), ("large", large.select(small.columns))]
    rows = pl.concat(
        table.with_columns(pl.lit(part).alias(PART), pl.lit(models[part]).alias(MODEL)) for part, table in parts
    )
    return small.select(id_column).join(rows, on=id_column, how="left", maintain_order="left")


def _with_reused(rows: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """The rows with the column of runs that keep values of an earlier one, if the other run is one of these alone."""
    is_lacking = REUSED.name in other.columns and REUSED.name not in rows.columns
    return rows.with_columns(pl.lit(False).alias(REUSED.name)) if is_lacking else rows
