"""Which rows and fields of a result have a sign that a value is not its document's."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from glane.task.signs import OF_FIELDS, SIGNS, Sign


def doubts(rows: pl.LazyFrame, *, id_column: str, signs: Sequence[Sign] = tuple(SIGNS)) -> pl.LazyFrame:
    """One row per sign in `rows`: id, field (null for signs of whole rows), sign, and what it says."""

    def told(sign: Sign) -> pl.LazyFrame:
        name = "field" if sign in OF_FIELDS else "what"
        found = rows.select(id_column, pl.col(sign).alias(name)).explode(name, empty_as_null=True).drop_nulls(name)
        return found.with_columns(pl.lit(sign).alias("sign"))

    names = pl.LazyFrame(schema={"field": pl.String, "what": pl.String})  # whichever signs there are
    every = [*(told(sign) for sign in signs), names]
    return pl.concat(every, how="diagonal").select(id_column, "field", "sign", "what")


def is_doubted(schema: pl.Schema, fields: Sequence[str]) -> pl.Expr:
    """Whether a row of a result has a sign that concerns one of these fields, or all of it."""
    named = [
        pl.col(sign).list.eval(pl.element().is_in(list(fields))).list.any() for sign in OF_FIELDS if sign in schema
    ]
    whole = [pl.col(sign).list.len() > 0 for sign in SIGNS if sign not in OF_FIELDS and sign in schema]
    return pl.any_horizontal([sign.fill_null(False) for sign in (*named, *whole)] or [pl.lit(False)])
