"""From fields to the Arrow types of the result's columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import assert_never

import pyarrow as pa

from glane.task.fields import (
    BooleanField,
    DateField,
    EnumField,
    Field,
    IntegerField,
    ListField,
    NumberField,
    ObjectField,
    StringField,
)

_CATEGORY = pa.dictionary(pa.int32(), pa.string())


def columns(fields: Mapping[str, Field]) -> list[pa.Field]:
    """Return the columns of `fields`, in order; a partial date has a second one, `<name>__precision`.

    Top-level enums are dictionaries. Inside lists and structs they are strings, which every reader of Parquet
    gives back unchanged.
    """
    return [column for name, field in fields.items() for column in _columns(name, field, nested=False)]


def _columns(name: str, field: Field, *, nested: bool) -> list[pa.Field]:
    found = [pa.field(name, _type(field, nested=nested))]
    if isinstance(field, DateField) and field.precision == "partial":
        found.append(pa.field(f"{name}__precision", pa.string() if nested else _CATEGORY))
    return found


def _type(field: Field, *, nested: bool) -> pa.DataType:
    match field:
        case StringField():
            return pa.string()
        case IntegerField():
            return pa.int64()
        case NumberField():
            return pa.float64()
        case BooleanField():
            return pa.bool_()
        case DateField():
            return pa.date32()
        case EnumField():
            return pa.string() if nested else _CATEGORY
        case ListField():
            if isinstance(field.items, DateField) and field.items.precision == "partial":
                return pa.list_(pa.struct(_columns("date", field.items, nested=True)))
            return pa.list_(_type(field.items, nested=True))
        case ObjectField():
            return pa.struct([c for name, inner in field.fields.items() for c in _columns(name, inner, nested=True)])
        case _:
            assert_never(field)
