"""The labels under which annotation tools know the fields of a task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from glane.tables.names import valid_names
from glane.task.fields import Field, ListField, ObjectField, ScalarField, inner_fields


def labels_of(fields: Mapping[str, Field]) -> dict[str, str]:
    """The label of each field, and of each member of a record: letters, digits and underscores."""
    return valid_names(_places(fields, ""))


def scalar_of(field: Field) -> ScalarField | None:
    """The kind of a field of single values, or of a list of them; None for records, and for lists of lists."""
    inner = field.items if isinstance(field, ListField) else field
    return None if isinstance(inner, ListField | ObjectField) else inner


def _places(fields: Mapping[str, Field], prefix: str) -> Iterator[str]:
    for name, field in fields.items():
        yield f"{prefix}{name}"
        yield from _places(inner_fields(field), f"{prefix}{name}.")
