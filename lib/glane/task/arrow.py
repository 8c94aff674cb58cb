"""The columns of a task's fields: each is described once, with its Arrow type and how it is filled."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import pyarrow as pa

from glane.task.derived import normalise_of
from glane.task.fields import EnumField, Field, ListField, ObjectField, StringField
from glane.task.kinds.enum import CATEGORY
from glane.task.task import Task
from glane.types import LOOKUP, NORMALISED, ExtractedValue, Unread

_MATCH = [
    pa.field("code", pa.string()),
    pa.field("label", pa.string()),
    pa.field("how", pa.string()),
    pa.field("similarity", pa.float64()),
    pa.field("candidates", pa.list_(pa.string())),
]
_DATE = pa.struct(
    [
        pa.field("date", pa.date32()),
        pa.field("time", pa.time32("ms")),
        pa.field("precision", pa.string()),
        pa.field("origin", pa.string()),
        pa.field("reason", pa.string()),
    ]
)
_QUANTITY = pa.struct(
    [
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("unit", pa.string()),
        pa.field("approximate", pa.bool_()),
        pa.field("reason", pa.string()),
    ]
)
_EVIDENCE = [
    pa.field("quote", pa.string()),
    pa.field("start", pa.int64()),
    pa.field("end", pa.int64()),
    pa.field("alignment", pa.string()),
    pa.field("supports", pa.bool_()),
    pa.field("quote_mass", pa.float64()),
]


class _Kinds(NamedTuple):
    """What decides which columns a field has."""

    task: Task
    evidence: pa.DataType


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column, or one member of a struct. `read` gives its Python value from the extracted value of `field`."""

    field: str
    name: str
    type: pa.DataType
    read: Callable[[ExtractedValue], Any]


def columns(task: Task, *, documents: pa.DataType | None = None) -> list[Column]:
    """Return the columns of a task's fields, in order. Annotations of a field follow it, named `<name>__<what>`.

    `documents` is the type of the ids of documents that are grouped: evidence then tells which document it is of.

    Top-level categories have dictionary type. Inside lists and structs they are strings, which every reader of Parquet
    returns unchanged. Annotations of list items are lists of the same length.
    """
    named = [] if documents is None else [pa.field("document", documents)]
    kinds = _Kinds(task, pa.struct([*_EVIDENCE, *named]))
    return [column for name, field in task.fields.items() for column in _columns(name, field, kinds, nested=False)]


def row_values(found: Mapping[str, ExtractedValue], columns: Sequence[Column]) -> dict[str, Any]:
    """Return the value of every column, by name, for the extracted values of one document."""
    return {column.name: column.read(found[column.field]) for column in columns}


def _columns(name: str, field: Field, kinds: _Kinds, *, nested: bool) -> list[Column]:
    category, task = pa.string() if nested else CATEGORY, kinds.task
    if isinstance(field, ListField):
        return _list_columns(name, field, kinds, category)
    kind, read = _value(field, kinds, nested=nested)
    found = [Column(field=name, name=name, type=kind, read=read)]

    def add(what: str, kind: pa.DataType, read: Callable[[ExtractedValue], Any]) -> None:
        found.append(Column(field=name, name=f"{name}__{what}", type=kind, read=read))

    if not isinstance(field, ObjectField) and field.has_precision:
        add("precision", category, lambda one: one.precision)
    if field.missing:
        add("missing", category, lambda one: one.missing)
    if field.assertion:
        add("assertion", category, lambda one: one.assertion)
    if field.evidence:
        add("evidence", kinds.evidence, _evidence)
    for what, derived, read_derived in _derived(field, task):
        add(what, derived, read_derived)
    if task.confidence:
        add("confidence", pa.float64(), lambda one: one.confidence)
        values = () if isinstance(field, ObjectField) else field.categories
        if values:
            # Arrow reads missing keys of a mapping as null. That is right: either all probabilities are known or none.
            add("probabilities", pa.struct([pa.field(value, pa.float64()) for value in values]), _probabilities)
    if task.passes.samples > 1:
        add("agreement", pa.float64(), lambda one: one.agreement)
    if task.split is not None or task.passes.samples > 1 or task.passes.recall:
        add("conflicts", pa.list_(_conflict_type(field)), lambda one: one.conflicts)
    return found


def _list_columns(name: str, field: ListField, kinds: _Kinds, category: pa.DataType) -> list[Column]:
    task = kinds.task
    kind, read = _item(field.items, kinds)
    found = [Column(field=name, name=name, type=pa.list_(kind), read=_each(read))]

    def add(what: str, kind: pa.DataType, read: Callable[[ExtractedValue], Any]) -> None:
        found.append(Column(field=name, name=f"{name}__{what}", type=kind, read=read))

    if field.missing:
        add("missing", category, lambda one: one.missing)
    if field.assertion:
        add("assertion", pa.list_(pa.string()), _each(lambda item: item.assertion))
    if field.evidence:
        add("evidence", pa.list_(kinds.evidence), _each(_evidence))
    for what, derived, read_derived in _derived(field.items, task):
        add(what, pa.list_(derived), _each(read_derived))
    if task.confidence:
        add("confidence", pa.list_(pa.float64()), _each(lambda item: item.confidence))
    if task.passes.samples > 1:
        add("agreement", pa.list_(pa.float64()), _each(lambda item: item.agreement))
    return found


def _each(read: Callable[[ExtractedValue], Any]) -> Callable[[ExtractedValue], Any]:
    return lambda one: None if one.items is None else [read(item) for item in one.items]


def _item(field: Field, kinds: _Kinds) -> tuple[pa.DataType, Callable[[ExtractedValue], Any]]:
    if isinstance(field, ListField):
        kind, read = _item(field.items, kinds)
        return pa.list_(kind), _each(read)
    if not isinstance(field, ObjectField) and field.has_precision:
        kind = pa.struct([pa.field("date", field.arrow_type(nested=True)), pa.field("date__precision", pa.string())])
        return kind, lambda one: None if one.is_null else {"date": one.value, "date__precision": one.precision}
    return _value(field, kinds, nested=True)


def _value(field: Field, kinds: _Kinds, *, nested: bool) -> tuple[pa.DataType, Callable[[ExtractedValue], Any]]:
    """The type of the value without annotations, and how it is read."""
    if isinstance(field, ObjectField):
        inner = [column for name, one in field.fields.items() for column in _columns(name, one, kinds, nested=True)]
        kind = pa.struct([pa.field(column.name, column.type) for column in inner])
        return kind, lambda one: None if one.fields is None else row_values(one.fields, inner)
    assert not isinstance(field, ListField)
    return field.arrow_type(nested=nested), lambda one: one.value


def _conflict_type(field: Field) -> pa.DataType:
    """The type of a conflict: a plain value without annotations; a partial date is text at its precision."""
    if isinstance(field, ObjectField):
        return pa.struct([pa.field(name, _conflict_type(inner)) for name, inner in field.fields.items()])
    if isinstance(field, ListField):
        return pa.list_(_conflict_type(field.items))
    return pa.string() if field.has_precision else field.arrow_type(nested=True)


def derived_columns(field: Field, task: Task) -> dict[str, pa.DataType]:
    """The annotations of a field, or of the items of a list, that are derived of values, and their types."""
    is_list = isinstance(field, ListField)
    inner = field.items if isinstance(field, ListField) else field
    return {what: pa.list_(kind) if is_list else kind for what, kind, _ in _derived(inner, task)}


def _derived(
    field: Field, task: Task
) -> Iterator[tuple[str, pa.DataType, Callable[[ExtractedValue], dict[str, Any] | None]]]:
    """What stands beside a value because the field asks for it: name, type, and how it is read."""
    if isinstance(field, StringField | EnumField) and field.lookup is not None:
        also = [pa.field(name, pa.string()) for name in task.lookups[field.lookup].also]
        yield LOOKUP, pa.struct([*_MATCH, *also]), _match
    if (asked := normalise_of(field)) is not None:
        yield NORMALISED, _DATE if asked.to == "date" else _QUANTITY, _normal


def _normal(one: ExtractedValue) -> dict[str, Any] | None:
    return None if one.normal is None else {name: _plain(part) for name, part in asdict(one.normal).items()}


def _plain(part: object) -> object:
    return str(part) if isinstance(part, Unread) else part


def _match(one: ExtractedValue) -> dict[str, Any] | None:
    found = one.match
    if found is None:
        return None
    return {
        "code": found.code,
        "label": found.label,
        "how": str(found.how),
        "similarity": found.similarity,
        "candidates": list(found.candidates),
        **found.also,
    }


def _evidence(one: ExtractedValue) -> dict[str, Any] | None:
    if one.evidence is None:
        return None
    passage = one.evidence
    return {
        "quote": passage.quote,
        "start": passage.start,
        "end": passage.end,
        "alignment": str(passage.alignment),
        "supports": passage.supports,
        "document": passage.document,  # left out where the type has none
        "quote_mass": passage.quote_mass,
    }


def _probabilities(one: ExtractedValue) -> Mapping[str, float] | None:
    return one.probabilities
