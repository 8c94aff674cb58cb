"""All kinds of field in one union, and how field definitions of a task are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from glane.errors import ConfigError, did_you_mean
from glane.task.kinds.boolean import BooleanField
from glane.task.kinds.date import DateField
from glane.task.kinds.datetime import DatetimeField
from glane.task.kinds.enum import EnumField
from glane.task.kinds.field import ScalarField
from glane.task.kinds.integer import IntegerField
from glane.task.kinds.list import ListField
from glane.task.kinds.number import NumberField
from glane.task.kinds.object import ObjectField
from glane.task.kinds.string import StringField
from glane.task.kinds.time import TimeField
from glane.validation import validated

__all__ = [
    "KINDS", "SCALARS", "BooleanField", "DateField", "DatetimeField", "EnumField", "Field", "IntegerField", "ListField",
    "NumberField", "ObjectField", "Scalar", "ScalarField", "StringField", "TimeField", "all_names", "column_name",
    "field_from", "fields_from", "inner_fields",
]  # fmt: skip

# A new kind is a class in `kinds`, and one name here.
Scalar = StringField | IntegerField | NumberField | BooleanField | DateField | TimeField | DatetimeField | EnumField
Field = Scalar | ListField | ObjectField
ListField.model_rebuild(_types_namespace={"Field": Field})
ObjectField.model_rebuild(_types_namespace={"Field": Field})

SCALARS: tuple[type[Scalar], ...] = Scalar.__args__
KINDS: Mapping[str, type[Field]] = {
    kind.model_fields["type"].default: kind for kind in (*SCALARS, ListField, ObjectField)
}


def field_from(values: Any, *, place: str) -> Field:
    """Read one field's definition.

    Raises:
        ConfigError: naming the key under `place` that is wrong and what is valid there.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"{place}: a field is a mapping with at least a type; it is {values!r}.")
    kind = values.get("type")
    if not isinstance(kind, str) or kind not in KINDS:
        raise ConfigError(f"{place}.type: {kind!r} is no type. {did_you_mean(str(kind), KINDS)}")
    values = dict(values)
    if kind == "list" and "items" in values:
        values["items"] = field_from(values["items"], place=f"{place}.items")
    if kind == "object" and "fields" in values:
        values["fields"] = fields_from(values["fields"], place=f"{place}.fields")
    return validated(KINDS[kind], values, place=place)


def fields_from(values: Any, *, place: str) -> dict[str, Field]:
    """Read named fields. Their order is that of the prompt, of the answer and of the columns.

    Raises:
        ConfigError: for a name that cannot be a column, or a wrong definition.
    """
    if not isinstance(values, Mapping) or not values:
        raise ConfigError(f"{place}: at least one field is needed, as `name: {{type: …}}`.")
    seen: dict[str, str] = {}
    for name in map(str, values):
        if not _is_column(name):
            raise ConfigError(
                f"{place}.{name}: a field's name has letters, digits and single underscores between them, and starts "
                "with a letter."
            )
        if (twin := seen.setdefault(name.lower(), name)) != name:
            raise ConfigError(f"{place}.{name}: differs from {twin!r} by case only; rename one of them.")
    typed = [str(name) for name, value in values.items() if isinstance(value, Mapping) and "type" in value]
    for name, value in values.items():
        if isinstance(value, Mapping) and "type" not in value:
            others = f" If another field is meant: {did_you_mean(str(name), typed)}" if typed else ""
            raise ConfigError(f"{place}.{name}.type: missing. Valid: {', '.join(sorted(KINDS))}.{others}")
    return {str(name): field_from(value, place=f"{place}.{name}") for name, value in values.items()}


def inner_fields(field: Field) -> Mapping[str, Field]:
    """The fields of a record, or of the records in a list; empty for any other field."""
    inner = field.items if isinstance(field, ListField) else field
    return inner.fields if isinstance(inner, ObjectField) else {}


def all_names(fields: Mapping[str, Field]) -> Iterator[str]:
    """The names of fields and of their inner fields, at any depth."""
    for name, field in fields.items():
        yield name
        yield from all_names(inner_fields(field))


def all_fields(fields: Mapping[str, Field]) -> Iterator[Field]:
    """Fields and their inner fields, at any depth."""
    for field in fields.values():
        yield field
        yield from all_fields(inner_fields(field))


def column_name(name: str, taken: Iterable[str]) -> str:
    """A valid column name for `name`: letters, digits and single underscores.

    It differs from the names in `taken` by more than case.
    """
    found = re.sub(r"[\W_]+", "_", name).strip("_") if not _is_column(name) else name
    found = found if found[:1].isalpha() else f"field_{found}".rstrip("_")
    known = {one.lower() for one in taken}
    return next(one for one in (found, *(f"{found}_{i}" for i in range(2, len(known) + 3))) if one.lower() not in known)


def _is_column(name: str) -> bool:
    return name.isidentifier() and "__" not in name and name == name.strip("_")  # "__" parts names of columns
