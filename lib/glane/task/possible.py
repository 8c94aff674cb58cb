"""Which values fields of categories can have, as the cells of a table."""

from __future__ import annotations

from collections.abc import Mapping

from glane.task.fields import BooleanField, Field, ListField, ObjectField


def possible_cells(fields: Mapping[str, Field]) -> dict[str, list[object]]:
    """For each field of categories, cells that together hold all of them; other fields are left out.

    Cells of a list have one item each. Cells of a record have one member each, and the others are null.
    """
    found = {name: _cells(field) for name, field in fields.items()}
    return {name: cells for name, cells in found.items() if cells}


def _cells(field: Field) -> list[object]:
    match field:
        case BooleanField():
            return [True, False]
        case ListField():
            return [[cell] for cell in _cells(field.items)]
        case ObjectField():
            return [{name: cell} for name, inner in field.fields.items() for cell in _cells(inner)]
        case _:
            return list(field.categories)
