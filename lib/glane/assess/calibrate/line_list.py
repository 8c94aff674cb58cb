"""The values that can be used: what people reviewed, and what is accepted without review; and one row per document."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from glane.assess.calibrate.judged import RIGHT, item_column
from glane.assess.calibrate.shapes import Shape

SOURCE = "source"
REVIEWED, ACCEPTED, TO_REVIEW, NO_VALUE = "reviewed", "accepted", "to_review", "no_value"
_JOINED = "; "  # between the items of a list, as in `Run.line_list`
_COLUMNS = ("field", "item", "value", "confidence", "calibrated")


def accepted_and_left(
    parted: pl.DataFrame, values: pl.DataFrame, shapes: Mapping[str, Shape], id_column: str
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part a run's values into those that can be used, and those to be reviewed.

    Where a field of a document was judged, all that is known of it comes from the review: the right values, whether the
    model gave them or not, and none of those that are wrong or too much.

    Args:
        parted: Values of the run: id, field, item, value, confidence, calibrated, _accepted.
        values: Judged values: id, field, item, verdict, and `gold`, the right value as text. Without it, right values
            are known only where the model's were right.
        shapes: Of the fields.
        id_column: The name of the id.

    Returns:
        id, field, item, value, confidence, calibrated, source; and the same of those to be reviewed, without source.
    """
    seen = values.select(id_column, pl.col("field").cast(pl.String)).unique()
    others = parted.join(seen, on=[id_column, "field"], how="anti")
    columns = [id_column, *_COLUMNS]
    accepted = others.filter("_accepted").select(*columns, pl.lit(ACCEPTED).alias(SOURCE))
    with_values = [name for name, shape in shapes.items() if shape.has_values]
    right = _right(parted, values.filter(pl.col("field").is_in(with_values)), id_column)
    order = [id_column, "field", "item"]
    used = pl.concat([right.select(accepted.columns), accepted]).sort(order, maintain_order=True)
    return used, others.filter(~pl.col("_accepted")).select(columns)


def _right(parted: pl.DataFrame, values: pl.DataFrame, id_column: str) -> pl.DataFrame:
    """The right values of judged fields, those of the run with its confidence."""
    keys = [id_column, "field", "item"]
    place = pl.col(item_column(values)).cast(pl.Int64)
    is_right = pl.col("verdict") == RIGHT
    field = pl.col("field").cast(pl.String)
    shown = parted.select(*keys, "confidence", "calibrated", pl.col("value").alias("_value")).unique(keys, keep="none")
    if "gold" not in values.columns:
        ours = values.filter(is_right).select(id_column, field, place.alias("item"))
        return ours.join(shown, on=keys, how="inner", nulls_equal=True).select(
            *keys, pl.col("_value").alias("value"), "confidence", "calibrated", pl.lit(REVIEWED).alias(SOURCE)
        )
    known = values.filter(pl.col("gold").is_not_null()).select(
        id_column, field, pl.col("item").cast(pl.Int64).alias("_item"), place.alias("item"), is_right.alias("_right"),
        pl.col("gold").cast(pl.String).alias("value"),
    )  # fmt: skip
    both = known.join(shown, on=keys, how="left", nulls_equal=True, maintain_order="left")
    return both.select(
        id_column, "field", pl.col("_item").alias("item"), "value",
        *(pl.when("_right").then(pl.col(name)).alias(name) for name in ("confidence", "calibrated")),
        pl.lit(REVIEWED).alias(SOURCE),
    )  # fmt: skip


def line_list(
    accepted: pl.DataFrame, to_review: pl.DataFrame, values: pl.DataFrame, documents: pl.DataFrame,
    shapes: Mapping[str, Shape], id_column: str,
) -> pl.DataFrame:  # fmt: skip
    """One row per usable document, and for each field its value and, in `<field>__source`, where it comes from.

    `reviewed`: what a person said, a null included; `accepted`: the model's, without review; `to_review`: null, for the
    model's value is not sure enough (of a list, one of its values); `no_value`: null, for the model found none, and
    nobody looked. Values are texts, items of a list joined by "; ". Members of the records of a list have no column:
    see `accepted`.
    """
    keys = [id_column, "field"]
    flat = [name for name, shape in shapes.items() if shape.has_values and not shape.is_inside_list]
    joined = accepted.group_by(keys, maintain_order=True).agg(pl.col("value").str.join(_JOINED), pl.col(SOURCE).first())
    seen = values.select(id_column, pl.col("field").cast(pl.String), pl.lit(True).alias("_seen")).unique()
    left = to_review.select(*keys, pl.lit(True).alias("_left")).unique()
    cells = (
        documents.select(id_column)
        .join(pl.DataFrame({"field": flat}, schema={"field": pl.String}), how="cross")
        .join(joined, on=keys, how="left", maintain_order="left")
        .join(seen, on=keys, how="left", maintain_order="left")
        .join(left, on=keys, how="left", maintain_order="left")
    )
    source = (
        pl.when("_seen").then(pl.lit(REVIEWED)).when("_left").then(pl.lit(TO_REVIEW))
        .otherwise(pl.col(SOURCE).fill_null(NO_VALUE))
    )  # fmt: skip
    cells = cells.with_columns(source.alias(SOURCE)).with_columns(
        pl.when(pl.col(SOURCE) == TO_REVIEW).then(None).otherwise(pl.col("value")).alias("value")
    )
    wide = documents.select(id_column)
    for name in flat:
        mine = cells.filter(pl.col("field") == name)
        wide = wide.with_columns(mine["value"].alias(name), mine[SOURCE].alias(f"{name}__source"))
    return wide
