"""Flattens a result: one table of all rows, and one for each list, at any depth."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from glane.exports.bundle import Role
from glane.task.fields import Field, ListField, ObjectField
from glane.task.result import reserved_names
from glane.task.signs import SIGNS
from glane.types import LOOKUP, NORMALISED

Get = Callable[[str], pl.Expr]
_ITEM = "__item"  # no field's name begins with underscores
_ALWAYS = ("status", "reason", "duplicate", "reused")  # of the columns of every result
_JOINED = "; "  # between the items of a list, in one cell
SIGNS_SOURCE = "__signs"  # no column of a run
_HOW = frozenset({"how", "similarity", "candidates", "origin", "reason"})  # of what is derived: how it was found


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One column to be: how it is made, and of what."""

    source: str
    expression: pl.Expr
    type: pl.DataType
    role: Role
    field: Field | None = None  # of a value, and of what stands beside one
    what: str = ""  # of an annotation: missing, precision, lookup.code


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A table to be: the rows that it is made of, its key, and its cells."""

    source: str  # of the list; empty for all rows
    parent: str | None
    rows: pl.LazyFrame
    key: Sequence[str]
    cells: list[Cell] = field(default_factory=list)


def drafts(
    rows: pl.LazyFrame, fields: Mapping[str, Field], *, id_column: str, carried: Collection[str], with_evidence: bool
) -> list[Draft]:
    """The tables of a result, that of all rows first. `carried` are the columns of the input, whatever their names."""
    return _Walk(fields, id_column, carried, with_evidence).tables(rows)


class _Walk:
    def __init__(
        self, fields: Mapping[str, Field], id_column: str, carried: Collection[str], with_evidence: bool
    ) -> None:
        self._fields, self._id, self._carried, self._with_evidence = fields, id_column, carried, with_evidence
        self._found: list[Draft] = []

    def tables(self, rows: pl.LazyFrame) -> list[Draft]:
        schema = rows.collect_schema()
        draft = Draft(source="", parent=None, rows=rows, key=(self._id,))
        self._found.append(draft)
        draft.cells.append(Cell(source=self._id, expression=pl.col(self._id), type=schema[self._id], role="key"))
        own = {
            name: kind
            for name, kind in schema.items()
            if name.partition("__")[0] in self._fields and name not in self._carried
        }
        draft.cells.extend(self._inputs(draft, {name: schema[name] for name in schema if name not in own}))
        self._record(draft, own, pl.col, self._fields, "")
        draft.cells.extend(self._result(schema))
        return self._found

    def _inputs(self, draft: Draft, schema: Mapping[str, pl.DataType]) -> Iterator[Cell]:
        for name, kind in schema.items():
            if name in reserved_names() or name == self._id:
                continue
            yield from self._input(draft, name, kind, pl.col(name))

    def _input(self, draft: Draft, source: str, kind: pl.DataType, value: pl.Expr) -> Iterator[Cell]:
        """A column of the input: members of a record as columns, records in a list as a table."""
        if isinstance(kind, pl.Struct):
            for name, inner in members(kind).items():
                yield from self._input(draft, f"{source}.{name}", inner, value.struct.field(name))
        elif isinstance(kind, pl.List) and isinstance(kind.inner, pl.Struct):
            yield _count(source, value, "input")
            items = self._items(draft, source, value, {})
            for name, inner in members(instance(kind.inner)).items():
                items.cells.extend(self._input(items, f"{source}.{name}", inner, pl.col(_ITEM).struct.field(name)))
        else:
            if not isinstance(kind, pl.List) or not isinstance(kind.inner, pl.List):
                yield _plain(source, kind, value, "input")
            # As a text, an empty list is none.
            if isinstance(kind, pl.List) and f"{source}__count" not in self._carried:
                yield _count(source, value, "input")

    def _result(self, schema: Mapping[str, pl.DataType]) -> Iterator[Cell]:
        """The columns of every result. Without evidence, signs are named in one column."""
        for name in schema:
            if name in reserved_names() and (self._with_evidence or name in _ALWAYS):
                role: Role = "status" if name in ("status", "reason") else "result"
                yield _plain(name, schema[name], pl.col(name), role)
        signs = [name for name in SIGNS if isinstance(schema.get(name), pl.List)]
        if signs and not self._with_evidence:
            told = [
                pl.when(pl.col(name).list.len() > 0).then(pl.lit(f"{name}: ") + pl.col(name).list.join(", "))
                for name in signs
            ]
            joined = pl.concat_str(told, separator=_JOINED, ignore_nulls=True)
            shown = pl.when(joined != "").then(joined)
            yield Cell(source=SIGNS_SOURCE, expression=shown, type=pl.String(), role="result")

    def _record(
        self, draft: Draft, schema: Mapping[str, pl.DataType], get: Get, fields: Mapping[str, Field], prefix: str
    ) -> None:
        for name, one in fields.items():
            source = f"{prefix}{name}"
            if isinstance(one, ListField):
                draft.cells.append(_count(source, get(name), "annotation", one))
                beside = {key: schema[key] for key in schema if key.startswith(f"{name}__")}
                self._annotations(draft, beside, get, name, source, one, is_list=True)
                self._list(draft, schema, get, name, source, one)
            else:
                self._value(draft, schema[name], get(name), source, one)
                beside = {key: schema[key] for key in schema if key.startswith(f"{name}__")}
                self._annotations(draft, beside, get, name, source, one, is_list=False)

    def _value(self, draft: Draft, kind: pl.DataType, value: pl.Expr, source: str, one: Field) -> None:
        if isinstance(one, ObjectField):
            assert isinstance(kind, pl.Struct)
            self._record(draft, members(kind), _inside(value), one.fields, f"{source}.")
            return
        if isinstance(kind, pl.Struct):  # a partial date in a list
            parts = members(kind)
            precision = value.struct.field("date__precision")
            draft.cells.append(_of(source, value.struct.field("date"), parts["date"], one))
            draft.cells.append(_beside(source, "precision", precision, pl.String(), one))
            return
        draft.cells.append(_of(source, value, kind, one))

    def _list(
        self, draft: Draft, schema: Mapping[str, pl.DataType], get: Get, name: str, source: str, one: ListField
    ) -> None:
        of_items = {
            key: kind for key, kind in schema.items() if key.startswith(f"{name}__") and isinstance(kind, pl.List)
        }
        kind = schema[name]
        assert isinstance(kind, pl.List)
        items = self._items(draft, source, get(name), {key: get(key) for key in of_items})
        if isinstance(one.items, ListField):
            inner = {_ITEM: instance(kind.inner)}
            items.cells.append(_count(f"{source}.item", pl.col(_ITEM), "annotation", one.items))
            self._list(items, inner, pl.col, _ITEM, f"{source}.item", one.items)
        else:
            self._value(items, instance(kind.inner), pl.col(_ITEM), source, one.items)
        beside = {key: instance(kind.inner) for key, kind in of_items.items() if isinstance(kind, pl.List)}
        self._annotations(items, beside, pl.col, name, source, one.items, is_list=False)

    def _items(self, draft: Draft, source: str, value: pl.Expr, beside: Mapping[str, pl.Expr]) -> Draft:
        """The table of a list: a row per item, numbered from 1."""
        position = f"{source}__position"
        rows = (
            draft.rows.select(*draft.key, value.alias(_ITEM), *(one.alias(name) for name, one in beside.items()))
            .filter(pl.col(_ITEM).list.len() > 0)
            .with_columns(pl.int_ranges(1, pl.col(_ITEM).list.len() + 1, dtype=pl.Int64).alias(position))
            .explode([position, _ITEM, *beside])
        )
        found = Draft(source=source, parent=draft.source, rows=rows, key=(*draft.key, position))
        schema = rows.collect_schema()
        found.cells.extend(Cell(source=key, expression=pl.col(key), type=schema[key], role="key") for key in found.key)
        self._found.append(found)
        return found

    def _annotations(
        self,
        draft: Draft,
        schema: Mapping[str, pl.DataType],
        get: Get,
        name: str,
        source: str,
        one: Field,
        *,
        is_list: bool,
    ) -> None:
        """What stands beside a value. Of a list, only what is of the whole: the rest stands beside its items."""
        for key, kind in schema.items():
            what = key.removeprefix(f"{name}__")
            if is_list and isinstance(kind, pl.List):
                continue
            if what == "evidence" and self._with_evidence and isinstance(kind, pl.Struct):
                for part, inner in members(kind).items():
                    draft.cells.append(_beside(source, part, get(key).struct.field(part), inner, one, "evidence"))
            elif what in (LOOKUP, NORMALISED) and isinstance(kind, pl.Struct):
                draft.cells.extend(self._derived(source, what, kind, get(key), one))
            elif what in ("precision", "missing", "assertion"):
                draft.cells.append(_beside(source, what, get(key), kind, one))
            elif what in ("confidence", "agreement", "conflicts") and self._with_evidence:
                draft.cells.append(_beside(source, what, _shown(get(key), kind), _shown_type(kind), one, "evidence"))

    def _derived(self, source: str, what: str, kind: pl.Struct, value: pl.Expr, one: Field) -> Iterator[Cell]:
        for part, inner in members(kind).items():
            if part not in _HOW or self._with_evidence:
                shown = _shown(value.struct.field(part), inner)
                yield _beside(source, f"{what}.{part}", shown, _shown_type(inner), one)


def members(kind: pl.DataType) -> dict[str, pl.DataType]:
    """The members of a record."""
    assert isinstance(kind, pl.Struct)
    return {one.name: instance(one.dtype) for one in kind.fields}


def instance(kind: object) -> pl.DataType:
    """A data type as an instance, as Polars gives classes for types without parameters."""
    return kind() if isinstance(kind, type) else kind  # type: ignore[return-value]


def _inside(struct: pl.Expr) -> Get:
    return lambda part: struct.struct.field(part)


def _of(source: str, value: pl.Expr, kind: pl.DataType, one: Field) -> Cell:
    return Cell(source=source, expression=value, type=kind, role="value", field=one)


def _beside(source: str, what: str, value: pl.Expr, kind: pl.DataType, one: Field, role: Role = "annotation") -> Cell:
    told: Role = "reason" if what == "missing" else role
    return Cell(source=f"{source}__{what}", expression=value, type=kind, role=told, field=one, what=what)


def _count(source: str, value: pl.Expr, role: Role, one: Field | None = None) -> Cell:
    return Cell(
        source=f"{source}__count", expression=value.list.len().cast(pl.Int64), type=pl.Int64(), role=role, field=one,
        what="count",
    )  # fmt: skip


def _plain(source: str, kind: pl.DataType, value: pl.Expr, role: Role) -> Cell:
    return Cell(source=source, expression=_shown(value, kind), type=_shown_type(kind), role=role)


def _shown(value: pl.Expr, kind: pl.DataType) -> pl.Expr:
    """A list as one text, or as the number of its items if these are records or lists; bytes as hexadecimal digits."""
    if isinstance(kind, pl.Binary):
        return value.bin.encode("hex")
    if isinstance(kind, pl.Duration):
        return value.dt.to_string("iso")
    if not isinstance(kind, pl.List):
        return value
    if isinstance(kind.inner, pl.Struct | pl.List):
        return value.list.len().cast(pl.Int64)
    texts = value.list.eval(_shown(pl.element(), instance(kind.inner)).cast(pl.String))
    joined = texts.list.join(_JOINED, ignore_nulls=True)
    return pl.when(value.list.len() > 0).then(joined)


def _shown_type(kind: pl.DataType) -> pl.DataType:
    if isinstance(kind, pl.Binary | pl.Duration):
        return pl.String()
    if not isinstance(kind, pl.List):
        return kind
    return pl.Int64() if isinstance(kind.inner, pl.Struct | pl.List) else pl.String()
