"""Other shapes of a result: flat for spreadsheets, long for checking values against the texts.

A field's name has no double underscore, so `<field>__<what>` is an annotation of the field. Members of a record are
named `<field>.<member>`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import polars as pl

from glane.errors import ConfigError, RunError, did_you_mean
from glane.task.result import reserved_names
from glane.types import DOCUMENTS, LOOKUP, NORMALISED

_JOINED = "; "  # between the items of a list, in one cell
_EVIDENCE = {
    "quote": pl.String(),
    "start": pl.Int64(),
    "end": pl.Int64(),
    "alignment": pl.String(),
    "supports": pl.Boolean(),
    "quote_mass": pl.Float64(),
}
_DOCUMENT = "document"  # a part of evidence, where documents are grouped
_DERIVED = (LOOKUP, NORMALISED)
_DERIVED_VALUES = ("code", "date", "low", "high")  # of what is derived, the values
_LONG = ("field", "item", "value", *_EVIDENCE, "confidence")
# Beside the id in tables of values, of runs and of their evaluation: no id is named so.
VALUE_COLUMNS = frozenset({*_LONG, _DOCUMENT, "gold", "predicted", "verdict", "missed", "correct", "weight"})
_ITEM, _OUTER, _VALUE, _REASON = "__item", "__outer", "__value", "__reason"  # no field's name begins with underscores
_DATE_LENGTH = {"year": 4, "month": 7}  # characters of a partial date's text; a day has all ten

Get = Callable[[str], pl.Expr]


def line_list(
    rows: pl.LazyFrame, fields: Sequence[str], *, explode: str | None = None, values_only: bool = False
) -> pl.LazyFrame:
    """Return rows in which every cell is a plain value, for CSV, R and Excel.

    Evidence becomes `<field>__quote`, `__start`, `__end`, `__alignment`, `__supports` and `__quote_mass`. Items of a
    list, and conflicts, are joined by "; ". A list of records becomes the number of its items, `<field>__count`. The
    list to `explode` has one row per item instead, numbered from 0 in `<field>__item`, with members as
    `<field>.<member>`. A document without items keeps one row. Probabilities are left out. With `values_only`, so are
    all annotations of fields and of the row, except codes and normalised values. A lookup becomes
    `<field>__lookup.code`, `.label` and so on, what is normalised `<field>__normalised.date` and so on. Of a list, they
    are joined by "; ", and an item without leaves an empty part.

    Raises:
        ConfigError: if `explode` is not a list of the task.
    """
    schema = rows.collect_schema()
    if explode is not None:
        lists = [name for name in fields if isinstance(schema[name], pl.List)]
        if explode not in lists:
            raise ConfigError(f"explode: {explode!r} is no list of this task. {did_you_mean(explode, lists)}")
        number = pl.int_ranges(0, pl.col(explode).list.len(), dtype=pl.Int64).alias(f"{explode}__item")
        beside = [name for name in schema if name.partition("__")[0] == explode and isinstance(schema[name], pl.List)]
        rows = rows.with_columns(number).explode([f"{explode}__item", *beside], empty_as_null=True)
        schema = rows.collect_schema()
    cells = [cell for name, kind in schema.items() for cell in _cells(name, kind, pl.col(name), name in fields)]
    return rows.select(cell for cell in cells if not values_only or _is_value(cell.meta.output_name(), fields))


def _is_value(name: str, fields: Sequence[str]) -> bool:
    """Whether a cell is an input or a value, and no annotation."""
    first, _, what = name.partition("__")
    if first.partition(".")[0] not in fields:
        return name not in reserved_names()
    annotation, _, part = what.rpartition("__")[2].partition(".")
    return annotation in ("", "count", "item") or (annotation in _DERIVED and part in _DERIVED_VALUES)


def _cells(name: str, kind: pl.DataType, value: pl.Expr, is_field: bool) -> list[pl.Expr]:
    stem, _, what = name.rpartition("__")
    if what == "probabilities" and stem:
        return []
    if isinstance(kind, pl.Struct):
        parts = {field.name: _instance(field.dtype) for field in kind.fields}
        if what == "evidence" and stem:
            told = [part for part in (*_EVIDENCE, _DOCUMENT) if part in parts]
            return [value.struct.field(part).alias(f"{stem}__{part}") for part in told]
        return [
            cell
            for part, inner in parts.items()
            for cell in _cells(f"{name}.{part}", inner, value.struct.field(part), is_field)
        ]
    if isinstance(kind, pl.List):
        item = _instance(kind.inner)
        if what == "evidence" and stem:
            return [_joined(value.list.eval(pl.element().struct.field("quote"))).alias(f"{stem}__quote")]
        if what in _DERIVED and stem and isinstance(item, pl.Struct):
            return [
                _aligned(value.list.eval(pl.element().struct.field(one.name).cast(pl.String))).alias(
                    f"{name}.{one.name}"
                )
                for one in item.fields
                if not isinstance(one.dtype, pl.List)
            ]
        if isinstance(item, pl.Struct | pl.List):
            return [value.list.len().alias(f"{name}__count")]
        shown = pl.element().round(3) if item.is_float() and what == "confidence" else pl.element()
        return [_joined(value.list.eval(shown.cast(pl.String))).alias(name)]
    if isinstance(kind, pl.Categorical | pl.Enum):
        return [value.cast(pl.String).alias(name)]
    return [value.alias(name)]


def _joined(items: pl.Expr) -> pl.Expr:
    return items.list.join(_JOINED, ignore_nulls=True)


def _aligned(items: pl.Expr) -> pl.Expr:
    """As many parts as items, so that each stands where its value does."""
    return items.list.eval(pl.element().fill_null("")).list.join(_JOINED)


def evidence(rows: pl.LazyFrame, fields: Sequence[str], *, id_column: str, with_reasons: bool = False) -> pl.LazyFrame:
    """Return one row per value found: id, field, item, value, quote, start, end, alignment, supports, quote_mass,
    confidence.

    The value is a text.

    `item` numbers the items of a list from 0. Members of a record are fields named `<field>.<member>`; those without
    evidence have that of the record. With `with_reasons`, there are also rows for fields that are missing for a reason
    in the text. Their value is the reason in brackets.

    Raises:
        RunError: if the id column has the name of one of these columns.
    """
    schema = rows.collect_schema()
    document = _document_type(schema)
    if id_column in _LONG or (document is not None and id_column == _DOCUMENT):
        raise RunError(f"the id column is named {id_column!r}, as a column of this table; rename it in the input.")
    own = [name for name in schema if name == id_column or name.partition("__")[0] in fields]
    base = rows.select(*own, pl.lit(None, pl.Int64).alias(_ITEM))
    walk = _Walk(id_column, with_reasons, document, there=_evidence_parts(schema))
    tables = walk.record(base, schema, pl.col, fields, prefix="", around=None)
    return pl.concat(tables)


class _Walk:
    """Traverses the columns of a result, with their records and lists."""

    def __init__(
        self, id_column: str, with_reasons: bool, document: pl.DataType | None, *, there: frozenset[str]
    ) -> None:
        self._id, self._with_reasons, self._there = id_column, with_reasons, there
        self._evidence = _EVIDENCE if document is None else {**_EVIDENCE, _DOCUMENT: document}

    def record(
        self,
        frame: pl.LazyFrame,
        schema: Mapping[str, pl.DataType],
        get: Get,
        names: Sequence[str],
        *,
        prefix: str,
        around: pl.Expr | None,
    ) -> list[pl.LazyFrame]:
        """The tables of the fields of one record or row; `around` is the evidence of that record."""
        tables = []
        for name in names:
            kind, full = schema[name], f"{prefix}{name}"
            own = get(f"{name}__evidence") if f"{name}__evidence" in schema else None
            passage = around if own is None else own
            if isinstance(kind, pl.List):
                tables += self._list(frame, schema, get, name, full, around)
            elif isinstance(kind, pl.Struct) and not _is_partial_date(kind):
                members = _members(kind)
                tables += self.record(
                    frame, members, _inside(get(name)), _fields_of(members), prefix=f"{full}.", around=passage
                )
            else:
                precision = get(f"{name}__precision") if f"{name}__precision" in schema else None
                value = _text(kind, get(name), precision)
                tables.append(self._table(frame, full, value, passage, _beside(schema, get, name, "confidence")))
            if (
                self._with_reasons
                and own is not None
                and not isinstance(kind, pl.List)
                and f"{name}__missing" in schema
            ):
                reason = pl.concat_str(pl.lit("("), get(f"{name}__missing").cast(pl.String), pl.lit(")"))
                tables.append(self._table(frame, full, reason, own, None))
        return tables

    def _list(
        self,
        frame: pl.LazyFrame,
        schema: Mapping[str, pl.DataType],
        get: Get,
        name: str,
        full: str,
        around: pl.Expr | None,
    ) -> list[pl.LazyFrame]:
        kind = schema[name]
        assert isinstance(kind, pl.List)
        item = _instance(kind.inner)
        kept = {"evidence": f"{_VALUE}_evidence", "confidence": f"{_VALUE}_confidence"}
        beside = {what: alias for what, alias in kept.items() if f"{name}__{what}" in schema}
        outer = [] if around is None else [around.alias(f"{_VALUE}_around")]
        items = (
            frame.select(
                self._id,
                pl.col(_ITEM).alias(_OUTER),
                get(name).alias(_VALUE),
                *(get(f"{name}__{what}").alias(alias) for what, alias in beside.items()),
                *outer,
            )
            .filter(pl.col(_VALUE).list.len() > 0)
            .with_columns(pl.int_ranges(0, pl.col(_VALUE).list.len(), dtype=pl.Int64).alias(_ITEM))
            .explode([_ITEM, _VALUE, *beside.values()])
            .with_columns(pl.coalesce(_OUTER, _ITEM).alias(_ITEM))
        )
        passage = pl.col(beside["evidence"]) if "evidence" in beside else pl.col(f"{_VALUE}_around") if outer else None
        if isinstance(item, pl.Struct) and not _is_partial_date(item):
            members = _members(item)
            inside = _inside(pl.col(_VALUE))
            return self.record(items, members, inside, _fields_of(members), prefix=f"{full}.", around=passage)
        if isinstance(item, pl.List):
            return self._list(items, {_VALUE: item}, pl.col, _VALUE, full, passage)
        confidence = pl.col(beside["confidence"]) if "confidence" in beside else None
        return [self._table(items, full, _text(item, pl.col(_VALUE), None), passage, confidence)]

    def _table(
        self, frame: pl.LazyFrame, field: str, value: pl.Expr, passage: pl.Expr | None, confidence: pl.Expr | None
    ) -> pl.LazyFrame:
        parts = [
            (passage.struct.field(part) if passage is not None and part in self._there else pl.lit(None))
            .cast(dtype)
            .alias(part)
            for part, dtype in self._evidence.items()
        ]
        return frame.select(
            self._id,
            pl.lit(field).alias("field"),
            pl.col(_ITEM).alias("item"),
            value.alias("value"),
            *parts,
            (pl.lit(None) if confidence is None else confidence).cast(pl.Float64).alias("confidence"),
        ).filter(pl.col("value").is_not_null())


def _evidence_parts(members: Mapping[str, pl.DataType]) -> frozenset[str]:
    """What the evidence of a run has: a run that was made before a part was thought of lacks it."""
    found: set[str] = set()
    for name, kind in members.items():
        inner = kind
        while isinstance(inner, pl.List):
            inner = _instance(inner.inner)
        if isinstance(inner, pl.Struct):
            parts = _members(inner)
            found |= set(parts) if name.endswith("__evidence") else _evidence_parts(parts)
    return frozenset(found)


def _document_type(schema: Mapping[str, pl.DataType]) -> pl.DataType | None:
    """The type of the ids of documents that are grouped; None where they are not."""
    listed = schema.get(DOCUMENTS)
    item = _instance(listed.inner) if isinstance(listed, pl.List) else None
    return _members(item).get(_DOCUMENT) if isinstance(item, pl.Struct) else None


def _beside(schema: Mapping[str, pl.DataType], get: Get, name: str, what: str) -> pl.Expr | None:
    return get(f"{name}__{what}") if f"{name}__{what}" in schema else None


def _inside(struct: pl.Expr) -> Get:
    return lambda part: struct.struct.field(part)


def _members(kind: pl.Struct) -> dict[str, pl.DataType]:
    return {field.name: _instance(field.dtype) for field in kind.fields}


def _fields_of(members: Mapping[str, pl.DataType]) -> list[str]:
    return [name for name in members if "__" not in name]


def _is_partial_date(kind: pl.Struct) -> bool:
    return [field.name for field in kind.fields] == ["date", "date__precision"]


def _text(kind: pl.DataType, value: pl.Expr, precision: pl.Expr | None) -> pl.Expr:
    """A value as text; a partial date cut to its precision."""
    if isinstance(kind, pl.Struct):  # a partial date in a list
        value, precision = value.struct.field("date"), value.struct.field("date__precision")
    text = value.cast(pl.String)
    if precision is None:
        return text
    length = precision.cast(pl.String).replace_strict(_DATE_LENGTH, default=10, return_dtype=pl.UInt32)
    return text.str.slice(0, length)


def _instance(kind: object) -> pl.DataType:
    """A data type as an instance, as Polars gives classes for types without parameters."""
    return kind() if isinstance(kind, type) else kind  # type: ignore[return-value]
