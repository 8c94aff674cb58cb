"""What an entity is said to be, where its records say several things: one value by a rule, and what contradicts it.

Of a cumulative count the latest report holds, and what is new is its difference to the one before. A cumulative count
that falls, a status that goes back, and two values of one day are contradictions: the rule decides, and all are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from glane.errors import ConfigError
from glane.linkage.link import ENTITY
from glane.settings.link import Attribute
from glane.type_words import type_words

RECORD, DATE, VALUE, COLUMN = "record", "date", "value", "column"
FALLS, SAME_DAY, UNKNOWN = "falls", "same_day", "unknown_value"
_RANK, _EARLIER, _AT = "__rank", "__earlier", "__at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """Entities with one value each, and what was said beside."""

    entities: pl.DataFrame  # ENTITY, `records`, `first`, `last`, and each attribute
    contradictions: pl.DataFrame  # COLUMN, `kind`, ENTITY, `number`, RECORD, DATE, VALUE, `chosen`
    reports: pl.DataFrame  # of cumulative counts: COLUMN, ENTITY, RECORD, DATE, VALUE, `new`


def attributes(records: pl.DataFrame, told: Sequence[Attribute], *, date: str) -> Attributes:
    """Give each entity its attributes.

    Args:
        records: ENTITY, RECORD, the column `date`, and those of the attributes; null where a record says nothing.
        told: The attributes.
        date: The column of the day of a report. A record without one counts only where no other says anything.

    Raises:
        ConfigError: if `date` holds no dates, or a cumulative count is no number.
    """
    if not isinstance(records.schema[date], pl.Date | pl.Datetime):
        raise ConfigError(f"linkage.date: {date!r} is {type_words(records.schema[date])}, and must be a date.")
    plain = records.with_columns(pl.col(date).dt.date().alias(DATE))
    found = plain.group_by(ENTITY).agg(
        pl.len().alias("records"), pl.col(DATE).min().alias("first"), pl.col(DATE).max().alias("last")
    )  # fmt: skip
    reports, contradictions = [], []
    for one in told:
        said = _said(plain, one)
        found = found.join(_chosen(said, one), on=ENTITY, how="left")
        contradictions += list(_contradictions(said, one))
        if one.rule == "cumulative":
            reports.append(_reports(said, one))
    return Attributes(
        entities=found.sort(ENTITY),
        contradictions=pl.concat([_NO_CONTRADICTION, *contradictions], how="vertical_relaxed"),
        reports=pl.concat([_NO_REPORT, *reports], how="vertical_relaxed"),
    )


_NO_CONTRADICTION = pl.DataFrame(
    schema={
        COLUMN: pl.String, "kind": pl.String, ENTITY: pl.String, "number": pl.UInt32, RECORD: pl.String,
        DATE: pl.Date, VALUE: pl.String, "chosen": pl.Boolean,
    }
)  # fmt: skip
_NO_REPORT = pl.DataFrame(
    schema={
        COLUMN: pl.String, ENTITY: pl.String, RECORD: pl.String, DATE: pl.Date, VALUE: pl.Float64, "new": pl.Float64,
    }
)  # fmt: skip


def _said(records: pl.DataFrame, one: Attribute) -> pl.DataFrame:
    """Who said what of an attribute, in the order of its days; _RANK is what may fall, _AT the place."""
    kind = records.schema[one.column]
    if one.rule == "cumulative" and not (kind.is_numeric() or kind == pl.Null):
        raise ConfigError(
            f"linkage.attributes: {one.column!r} is {type_words(kind)}, and a cumulative count is a number."
        )
    value = pl.col(one.column)
    said = records.select(ENTITY, RECORD, DATE, value.alias(VALUE)).drop_nulls(VALUE)
    if one.rule == "highest":
        ranks = {name: rank for rank, name in enumerate(one.order)}
        rank = pl.col(VALUE).cast(pl.String).replace_strict(ranks, default=None, return_dtype=pl.Float64)
    elif one.rule == "cumulative":
        rank = pl.col(VALUE).cast(pl.Float64)
    else:
        rank = pl.lit(None, pl.Float64)
    ordered = said.sort(ENTITY, DATE, RECORD, nulls_last=False)
    return ordered.with_columns(rank.alias(_RANK)).with_row_index(_AT)


def _chosen_rows(said: pl.DataFrame, one: Attribute) -> pl.DataFrame:
    """The row of each entity that holds."""
    if one.rule != "highest":
        return said.group_by(ENTITY, maintain_order=True).last()
    known = said.drop_nulls(_RANK).sort(ENTITY, _RANK, _AT)
    return known.group_by(ENTITY, maintain_order=True).last()


def _chosen(said: pl.DataFrame, one: Attribute) -> pl.DataFrame:
    return _chosen_rows(said, one).select(ENTITY, pl.col(VALUE).alias(one.column))


def _contradictions(said: pl.DataFrame, one: Attribute) -> Iterator[pl.DataFrame]:
    chosen = _chosen_rows(said, one)[_AT]
    earlier = said.drop_nulls(_RANK).with_columns(
        pl.col(_AT).shift().over(ENTITY).alias(_EARLIER),
        pl.col(_RANK, DATE).shift().over(ENTITY).name.suffix("_before"),
    )
    falls = earlier.filter((pl.col(_RANK) < pl.col(f"{_RANK}_before")) & (pl.col(DATE) > pl.col(f"{DATE}_before")))
    number = pl.col(_AT).alias("number")
    both = pl.concat([falls.select(_AT, number), falls.select(pl.col(_EARLIER).alias(_AT), number)])
    yield _kept(said, both, FALLS, one.column, chosen)
    days = said.drop_nulls(DATE).filter(pl.col(VALUE).n_unique().over(ENTITY, DATE) > 1)
    of_day = days.select(_AT, pl.col(_AT).min().over(ENTITY, DATE).alias("number"))
    yield _kept(said, of_day, SAME_DAY, one.column, chosen)
    if one.rule == "highest":
        unknown = said.filter(pl.col(_RANK).is_null())
        yield _kept(said, unknown.select(_AT, number), UNKNOWN, one.column, chosen)


def _kept(said: pl.DataFrame, rows: pl.DataFrame, kind: str, column: str, chosen: pl.Series) -> pl.DataFrame:
    """Rows that contradict each other; those of one `number` do."""
    found = rows.join(said, on=_AT, how="left").sort("number", _AT)
    return found.select(
        pl.lit(column).alias(COLUMN), pl.lit(kind).alias("kind"), ENTITY,
        (pl.col("number").rank("dense") - 1).cast(pl.UInt32).alias("number"), RECORD, DATE,
        pl.col(VALUE).cast(pl.String), pl.col(_AT).is_in(chosen.implode()).alias("chosen"),
    )  # fmt: skip


def _reports(said: pl.DataFrame, one: Attribute) -> pl.DataFrame:
    """The last report of each day, and what is new in it; a count that falls has a negative one, so that they add
    up.
    """
    days = said.drop_nulls(DATE).group_by(ENTITY, DATE, maintain_order=True).last()
    new = pl.col(_RANK) - pl.col(_RANK).shift().over(ENTITY).fill_null(0.0)
    return days.select(
        pl.lit(one.column).alias(COLUMN), ENTITY, RECORD, DATE, pl.col(_RANK).alias(VALUE), new.alias("new")
    )  # fmt: skip
