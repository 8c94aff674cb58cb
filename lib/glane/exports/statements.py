"""All values of an export in one long table: what is said of which field, and where in the text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

from glane.exports.bundle import Bundle, Table, Variable
from glane.exports.delimited import Manner, as_written

_LENGTHS = {"year": 4, "month": 7}  # characters of a partial date's text; a day has all ten
_PASSAGE = ("quote", "start", "end", "document")
_CONCEPT = "lookup.concept_id"
_TYPES = {"start": pl.Int64, "end": pl.Int64}


def statements(bundle: Bundle) -> pl.DataFrame:
    """One row per value: id, field, kind, items, value, quote, start, end, document, assertion, concept_id.

    `items` are the numbers of the items that the value is in, from 1, the outermost first; empty for a field of the
    row. The value is a text, as an answer has it: a partial date is cut to its precision, a time to its
    minutes, and an instant is one of UTC. A member of a record without a passage of its own has that of the record.
    What is said of a record or an item is said of all that is in it, at any depth: where a value has no assertion of
    its own, it has theirs. Where documents are not grouped, there is no `document`.
    """
    tables = {one.name: one for one in bundle.tables}
    frames = [_of(tables, table, plain, one) for table in bundle.tables for plain, one in _values(table)]
    found = pl.concat(frames, how="vertical_relaxed")
    order = pl.DataFrame({"id": bundle.tables[0].rows[bundle.tables[0].key[0]]}).with_row_index("__at")
    return found.join(order, on="id", maintain_order="left").sort("__at", maintain_order=True).drop("__at")


def _values(table: Table) -> Iterator[tuple[pl.DataFrame, Variable]]:
    plain = as_written(table, Manner(utc=True))
    yield from ((plain, one) for one in table.variables if one.role == "value")


def _of(tables: Mapping[str, Table], table: Table, plain: pl.DataFrame, one: Variable) -> pl.DataFrame:
    value = pl.col(one.name).cast(pl.String)
    if one.kind == "time":
        value = value.str.strip_suffix(":00")
    if (precision := table.variable(f"{one.source}__precision")) is not None:
        length = pl.col(precision.name).replace_strict(_LENGTHS, default=10, return_dtype=pl.UInt32)
        value = value.str.slice(0, length)
    items = [pl.col(name) for name in table.key[1:]]
    passage = _nearest(table, one.source, "quote") or one.source
    return plain.select(
        pl.col(table.key[0]).alias("id"),
        pl.lit(one.source).alias("field"),
        pl.lit(one.kind).alias("kind"),
        (pl.concat_list(items) if items else pl.lit([], pl.List(pl.Int64))).alias("items"),
        value.alias("value"),
        *(_beside(table, f"{passage}__{what}", what) for what in _PASSAGE),
        pl.lit(_assertions(tables, table, one.source)).alias("assertion"),
        _beside(table, f"{one.source}__{_CONCEPT}", "concept_id"),
    ).filter(pl.col("value").is_not_null())


def _nearest(table: Table, source: str, what: str) -> str | None:
    """The field that has something beside it: the field itself, or the innermost record here that it is a member of."""
    here = source
    while table.variable(f"{here}__{what}") is None:
        if "." not in here:
            return None
        here = here.rpartition(".")[0]
    return here


def _assertions(tables: Mapping[str, Table], table: Table, source: str) -> pl.Series:
    """How the text speaks of each row's value; of items in items, as of those around them."""
    here: Table | None = table
    while here is not None:
        if (field := _nearest(here, source, "assertion")) is not None:
            found = here.variable(f"{field}__assertion")
            assert found is not None
            told = here.rows.select(*here.key, __assertion=pl.col(found.name).cast(pl.String))
            rows = table.rows.select(here.key)
            return rows.join(told, on=list(here.key), how="left", maintain_order="left")["__assertion"]
        here = None if here.parent is None else tables[here.parent]
    return pl.Series("__assertion", [None] * table.rows.height, pl.String)


def _beside(table: Table, source: str, what: str) -> pl.Expr:
    found = table.variable(source)
    kind = _TYPES.get(what, pl.String)
    value = pl.lit(None) if found is None else pl.col(found.name)
    return value.cast(kind).alias(what)
