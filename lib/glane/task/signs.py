"""The signs that a value is not its document's: columns of every result that name fields, or rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import polars as pl

Sign = Literal["leaked_from_example", "not_in_quote", "broken_rules"]

SIGNS: Mapping[Sign, str] = {
    "leaked_from_example": "repeat a value of an example that is not in their document",
    "not_in_quote": "have a value that cannot be read in its own quote",
    "broken_rules": "break a rule between fields, even asked again",
}
OF_FIELDS: tuple[Sign, ...] = ("leaked_from_example", "not_in_quote")  # the others are of whole rows


def doubts(rows: pl.LazyFrame, *, id_column: str) -> pl.LazyFrame:
    """One row per sign in `rows`: id, field (null for a broken rule), sign, rule."""

    def told(sign: Sign) -> pl.LazyFrame:
        name = "field" if sign in OF_FIELDS else "rule"
        found = rows.select(id_column, pl.col(sign).alias(name)).explode(name, empty_as_null=True).drop_nulls(name)
        return found.with_columns(pl.lit(sign).alias("sign"))

    every = [told(sign) for sign in SIGNS]
    return pl.concat(every, how="diagonal").select(id_column, "field", "sign", "rule")


def is_doubted(schema: pl.Schema, fields: Sequence[str]) -> pl.Expr:
    """Whether a row of a result has a sign that concerns one of these fields, or a broken rule."""
    named = [
        pl.col(sign).list.eval(pl.element().is_in(list(fields))).list.any() for sign in OF_FIELDS if sign in schema
    ]
    rules = [pl.col("broken_rules").list.len() > 0] if "broken_rules" in schema else []
    return pl.any_horizontal([sign.fill_null(False) for sign in (*named, *rules)] or [pl.lit(False)])
