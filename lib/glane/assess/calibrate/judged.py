"""Judged values, checked against the run that they are of."""

from __future__ import annotations

import polars as pl

from glane.errors import DataError, did_you_mean, told
from glane.type_words import both_type_words, type_words

RIGHT, NOT_RIGHT = "correct", ("wrong", "spurious")  # verdicts on values that the model gave
MISSED, ABSENT = "missed", "absent"  # verdicts where it gave none
WEIGHTS = ("weight", "inclusion_probability")
_EVEN = 1.05  # weights that differ by less than this factor are equal


def judged_values(found: pl.DataFrame, values: pl.DataFrame, id_column: str) -> pl.DataFrame:
    """One row per value that was both given and judged: id, field, item, value, confidence, correct, weights if any.

    Without those that have no confidence, or a sign that they are not the document's.

    Raises:
        DataError: if the values do not fit the run, or none is left.
    """
    check_columns(found, values, id_column)
    item = item_column(values)
    keys = [id_column, "field", "item"]
    # A list within a record of a list has several values at one place: which of them was judged cannot be told.
    told_apart = found.group_by("field").agg(pl.struct(keys).is_unique().all().alias("is_unique")).filter("is_unique")
    kept = pl.col("field").is_in(told_apart["field"].to_list())
    if "predicted" in values.columns:
        _check_same(found, values.filter(kept), keys, item)
    given = values.filter(pl.col("verdict").is_in([RIGHT, *NOT_RIGHT]) & kept).select(
        id_column, pl.col("field").cast(pl.String), pl.col(item).cast(pl.Int64).alias("item"),
        (pl.col("verdict") == RIGHT).alias("correct"), *(name for name in WEIGHTS if name in values.columns),
    )  # fmt: skip
    if given.select(keys).is_duplicated().any():
        raise DataError("values: a value is judged twice. Give the values of one evaluation.")
    judged = given.join(found.select(*keys, "value", "confidence", "doubted"), on=keys, how="inner", nulls_equal=True)
    if judged.height < given.height:
        raise DataError(
            f"values: {given.height - judged.height} of {given.height} judged values are not in this run. "
            "Give the values of an evaluation of this very run."
        )
    judged = judged.filter(pl.col("confidence").is_not_null() & ~pl.col("doubted")).drop("doubted")
    if judged.is_empty():
        raise DataError(
            "values: no judged value has a confidence (task.confidence: true), or each has a sign that it is not the "
            "document's."
        )
    return judged


def check_columns(found: pl.DataFrame, values: pl.DataFrame, id_column: str) -> None:
    """Check what judged values say, and how the documents were drawn, row by row."""
    for name in (id_column, "field", "item", "verdict"):
        if name not in values.columns:
            raise DataError(f"values: no column {name!r}. {did_you_mean(name, values.columns)}")
    known = {RIGHT, *NOT_RIGHT, MISSED, ABSENT}
    if strange := sorted(set(values["verdict"].cast(pl.String).drop_nulls()) - known):
        raise DataError(f"values: verdict {told(strange[0])} is not known. Valid: {', '.join(sorted(known))}.")
    if values.schema[id_column] != found.schema[id_column]:
        told_type, run_type = both_type_words(values.schema[id_column], found.schema[id_column])
        raise DataError(f"values: {id_column!r} is {told_type}, and in the run {run_type}.")
    item = item_column(values)
    if not (values.schema[item].is_integer() or values.schema[item] == pl.Null):
        raise DataError(f"values.{item}: is {type_words(values.schema[item])}, and whole numbers (Int64) are needed.")
    for name in WEIGHTS:
        if name in values.columns and (unknown := values[name].cast(pl.Float64, strict=False).null_count()):
            raise DataError(
                f"values: {unknown} of {values.height} rows have no number in {name!r}. Judge documents of one "
                "sample, or leave the column out if they are a plain random sample of the run."
            )


def item_column(values: pl.DataFrame) -> str:
    """Where judged values tell the place in the run's list."""
    return "predicted_item" if "predicted_item" in values.columns else "item"


def is_even(judged: pl.DataFrame) -> bool:
    """Whether the documents of these rows were drawn with equal probabilities, as far as their weights tell."""
    for name in WEIGHTS:
        if name in judged.columns and judged.height:
            column = judged[name].cast(pl.Float64, strict=False)
            low, high = column.min(), column.max()
            if isinstance(low, float) and isinstance(high, float) and not 0 < high <= _EVEN * low:
                return False
    return True


def uneven(values: pl.DataFrame) -> DataError:
    """The refusal of documents that were drawn with unequal probabilities whatever the model answered."""
    name = next(one for one in WEIGHTS if one in values.columns)
    low, *_, high = values[name].cast(pl.Float64, strict=False).sort()
    return DataError(
        f"values: the documents were drawn with unequal probabilities ({name}: {low:.3g} to {high:.3g}), also among "
        "those of one answer. The guarantee needs a random sample of all documents, or of those of each answer: review "
        "one with sample=random."
    )


def _check_same(found: pl.DataFrame, values: pl.DataFrame, keys: list[str], item: str) -> None:
    """Check that the judged values are those of this run: another run of the same documents has other values."""
    said = values.filter(pl.col("verdict").is_in([RIGHT, *NOT_RIGHT])).select(
        keys[0], pl.col("field").cast(pl.String), pl.col(item).cast(pl.Int64).alias("item"), "predicted"
    )
    both = said.join(found.select(*keys, "value"), on=keys, how="inner", nulls_equal=True)
    if others := both.filter(~_same(pl.col("predicted"), pl.col("value"))).height:
        raise DataError(
            f"values: {others} of {both.height} judged values differ from what this run says there. "
            "Give the values of an evaluation of this very run."
        )


def _same(text: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Equal as texts, or as numbers: 3.0 is 3."""
    numbers = text.cast(pl.Float64, strict=False) == other.cast(pl.Float64, strict=False)
    return (text == other) | numbers.fill_null(False)
