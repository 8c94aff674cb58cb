"""When two readings of a field are the same: by the field's rule `compare`, as in an evaluation, and beside the value.

A reading is a row with the columns of the field, as the gold has them: `<field>`, `<field>__missing`,
`<field>__precision` and `<field>__assertion`. Reasons and assertions must be equal. The order of a list says nothing:
two lists are the same if their items can be paired so that each pair is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from glane.task.fields import Field, ListField, ObjectField
from glane.types import Assertion

Reading = Mapping[str, Any]


def is_same(field: Field, name: str, one: Reading, other: Reading) -> bool:
    """Whether two readings of a field are the same."""
    if one.get(f"{name}__missing") != other.get(f"{name}__missing"):
        return False
    said = f"{name}__assertion"
    if not isinstance(field, ListField) and one.get(said) != other.get(said):
        return False
    first, second = one.get(name), other.get(name)
    if first is None or second is None:
        return (first or None) == (second or None)  # an empty list and none are both without a value
    if isinstance(field, ListField):
        return _are_same_items(field.items, _items(first, one.get(said)), _items(second, other.get(said)))
    return _is_same_value(field, first, second, [row.get(f"{name}__precision") for row in (one, other)])


def is_transitive(field: Field) -> bool:
    """Whether readings that are the same as one are the same as each other: with a tolerance they may not be."""
    if isinstance(field, ListField):
        return is_transitive(field.items)
    if isinstance(field, ObjectField):
        return all(map(is_transitive, field.fields.values()))
    return field.is_equivalence


def category(field: Field, name: str, reading: Reading) -> str:
    """A reading as a text: that of another is equal if they are the same, where the rule `is_transitive`.

    Elsewhere, only if the values are equal.
    """
    return _text(_plain(field, name, reading))


def label(field: Field, found: str) -> str | None:
    """The value of a boolean or enum that a category stands for; None for a reason, another assertion, other fields."""
    value, *beside = json.loads(found)
    name = {True: "true", False: "false"}.get(value, value) if isinstance(value, bool) else value
    is_plain = all(one in (None, Assertion.PRESENT) for one in beside)
    known = () if isinstance(field, ListField | ObjectField) else field.categories
    return name if is_plain and name in known else None


def _is_same_value(field: Field, one: Any, other: Any, precisions: Sequence[str | None] = (None, None)) -> bool:
    """Two values that are there."""
    if isinstance(field, ObjectField):
        return all(is_same(inner, name, one, other) for name, inner in field.fields.items())
    if isinstance(field, ListField):
        return _are_same_items(field.items, _items(one, None), _items(other, None))
    if isinstance(one, Mapping) and isinstance(other, Mapping):  # items that are dates, beside their precision
        precisions, one, other = [row["date__precision"] for row in (one, other)], one["date"], other["date"]
    return field.same(*(field.gold_value(raw, kind) for raw, kind in zip((one, other), precisions, strict=True)))


def _items(values: Sequence[Any], assertions: Sequence[Any] | None) -> list[tuple[Any, Any]]:
    return list(zip(values, assertions or [None] * len(values), strict=True))


def _are_same_items(field: Field, one: Sequence[tuple[Any, Any]], other: Sequence[tuple[Any, Any]]) -> bool:
    if len(one) != len(other):
        return False
    if not one:
        return True
    alike = np.array([[a[1] == b[1] and _is_same_value(field, a[0], b[0]) for b in other] for a in one])
    return bool((maximum_bipartite_matching(csr_array(alike)) >= 0).all())


def _plain(field: Field, name: str, row: Reading) -> list[Any]:
    """A reading in one form: the value, then what stands beside it."""
    value, said = row.get(name), row.get(f"{name}__assertion")
    beside = [row.get(f"{name}__{what}") for what in ("missing", "precision")]
    if isinstance(field, ListField):
        items = [[_plain_value(field.items, one), how] for one, how in _items(value or [], said)]
        return [sorted(items, key=_text) or None, *beside]
    return [None if value is None else _plain_value(field, value), *beside, said]


def _plain_value(field: Field, value: Any) -> Any:
    if isinstance(field, ObjectField):
        return {name: _plain(inner, name, value) for name, inner in field.fields.items()}
    if isinstance(field, ListField):
        return sorted((_plain_value(field.items, one) for one in value), key=_text)
    return field.key(value) if field.is_equivalence else value


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
