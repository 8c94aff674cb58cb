"""All values of an export in one long table: what is said of which field, and where in the text."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from glane.exports.bundle import Bundle, Table, Variable
from glane.exports.delimited import Manner, as_written

_LENGTHS = {"year": 4, "month": 7}  # characters of a partial date's text; a day has all ten
_BESIDE = ("quote", "start", "end", "document", "assertion", "lookup.concept_id")
_TYPES = {"start": pl.Int64, "end": pl.Int64}


def statements(bundle: Bundle) -> pl.DataFrame:
    """One row per value: id, field, kind, items, value, quote, start, end, document, assertion, concept_id.

    `items` are the numbers of the items that the value is in, from 1, the outermost first; empty for a field of the
    row. The value is a text, as an answer has it: a partial date is cut to its precision, a time to its
    minutes, and an instant is one of UTC. A member of a record without a passage of its own
    has that of the record. Where documents are not grouped, there is no `document`.
    """
    frames = [_of(table, plain, one) for table in bundle.tables for plain, one in _values(table)]
    found = pl.concat(frames, how="vertical_relaxed").rename({"lookup.concept_id": "concept_id"})
    order = pl.DataFrame({"id": bundle.tables[0].rows[bundle.tables[0].key[0]]}).with_row_index("__at")
    return found.join(order, on="id", maintain_order="left").sort("__at", maintain_order=True).drop("__at")


def _values(table: Table) -> Iterator[tuple[pl.DataFrame, Variable]]:
    plain = as_written(table, Manner(utc=True))
    yield from ((plain, one) for one in table.variables if one.role == "value")


def _of(table: Table, plain: pl.DataFrame, one: Variable) -> pl.DataFrame:
    value = pl.col(one.name).cast(pl.String)
    if one.kind == "time":
        value = value.str.strip_suffix(":00")
    if one.zone is not None:
        value = value + "Z"
    if (precision := table.variable(f"{one.source}__precision")) is not None:
        length = pl.col(precision.name).replace_strict(_LENGTHS, default=10, return_dtype=pl.UInt32)
        value = value.str.slice(0, length)
    items = [pl.col(name) for name in table.key[1:]]
    passage = _source_of_passage(table, one.source)
    places = {what: passage if what in ("quote", "start", "end", "document") else one.source for what in _BESIDE}
    beside = [_beside(table, f"{source}__{what}", what) for what, source in places.items()]
    return plain.select(
        pl.col(table.key[0]).alias("id"),
        pl.lit(one.source).alias("field"),
        pl.lit(one.kind).alias("kind"),
        (pl.concat_list(items) if items else pl.lit([], pl.List(pl.Int64))).alias("items"),
        value.alias("value"),
        *beside,
    ).filter(pl.col("value").is_not_null())


def _source_of_passage(table: Table, source: str) -> str:
    """The field whose passage shows a value: its own, or that of the record that it is a member of."""
    here = source
    while table.variable(f"{here}__quote") is None and "." in here:
        here = here.rpartition(".")[0]
    return here


def _beside(table: Table, source: str, what: str) -> pl.Expr:
    found = table.variable(source)
    kind = _TYPES.get(what, pl.String)
    value = pl.lit(None) if found is None else pl.col(found.name)
    return value.cast(kind).alias(what)
