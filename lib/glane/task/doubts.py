"""Which rows and fields of a result have a sign that a value is not its document's, or a mark."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from glane.task.signs import MARKS, OF_FIELDS, OF_PLACES, SIGNS, Sign


def doubts(rows: pl.LazyFrame, *, id_column: str, signs: Sequence[Sign] = tuple(SIGNS)) -> pl.LazyFrame:
    """One row per sign in `rows`: id, field (null for signs of whole rows), sign, and what it says, or its place."""

    def told(sign: Sign) -> pl.LazyFrame:
        name = "field" if sign in OF_FIELDS else "what"
        found = rows.select(id_column, pl.col(sign).alias(name)).explode(name, empty_as_null=True).drop_nulls(name)
        if sign in OF_PLACES:
            found = found.with_columns(_field_of(pl.col(name)), what=pl.col(name))
        return found.with_columns(pl.lit(sign).alias("sign"))

    there = rows.collect_schema()  # a run that was made before a sign was thought of has no column of it
    names = pl.LazyFrame(schema={"field": pl.String, "what": pl.String})  # whichever signs there are
    every = [*(told(sign) for sign in signs if sign in there), names]
    return pl.concat(every, how="diagonal").select(id_column, "field", "sign", "what")


def is_doubted(schema: pl.Schema, fields: Sequence[str]) -> pl.Expr:
    """Whether a row of a result has a sign that concerns one of these fields, or all of it. Marks are none."""
    named = [
        pl.col(sign).list.eval(_field_of(pl.element()).is_in(list(fields))).list.any()
        for sign in OF_FIELDS
        if sign in schema and sign not in MARKS
    ]
    whole = [pl.col(sign).list.len() > 0 for sign in SIGNS if sign not in OF_FIELDS and sign in schema]
    return pl.any_horizontal([sign.fill_null(False) for sign in (*named, *whole)] or [pl.lit(False)])


def _field_of(place: pl.Expr) -> pl.Expr:
    """See `glane.task.signs.field_of`."""
    return place.str.extract(r"^([^.\[]+)")
