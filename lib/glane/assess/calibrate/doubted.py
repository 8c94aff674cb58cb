"""Which values of a run have a sign that they are not their document's."""

from __future__ import annotations

import polars as pl

from glane.task.signs import LEAST_QUOTE_MASS


def with_doubts(found: pl.DataFrame, doubts: pl.DataFrame, *, id_column: str) -> pl.DataFrame:
    """The values of a run (`Run.evidence()`) with the column `doubted`: whether a sign of `Run.doubts()` concerns it.

    A quote that does not show its value, or was forced, concerns this value; a leak the field; an item that only a
    recall pass found without a passage its values; a broken rule the document.
    """
    broken = doubts.filter(pl.col("field").is_null())[id_column].implode()
    leaked = doubts.filter(pl.col("sign") == "leaked_from_example").select(id_column, pl.col("field").alias("__field"))
    top = pl.col("field").str.split(".").list.first().alias("__field")
    marked = found.with_columns(top).join(
        leaked.unique().with_columns(__leaked=True), on=[id_column, "__field"], how="left"
    )
    item = pl.col("what").str.extract(r"\[(\d+)\]$").cast(pl.Int64).alias("item")
    alone = doubts.filter(pl.col("sign") == "recalled_without_passage").select(
        id_column, pl.col("field").alias("__field"), item
    )
    marked = marked.join(alone.unique().with_columns(__alone=True), on=[id_column, "__field", "item"], how="left")
    signs = pl.any_horizontal(pl.col("__leaked", "__alone").fill_null(False))
    forced = pl.col("quote_mass").fill_null(1.0) < LEAST_QUOTE_MASS
    unshown = ~pl.col("supports").fill_null(True)
    doubted = pl.col(id_column).is_in(broken) | signs | unshown | forced
    return marked.with_columns(doubted.alias("doubted")).drop("__field", "__leaked", "__alone")
