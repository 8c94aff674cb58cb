"""Whether a right value and a found one are the same, and which items of two lists correspond.

Values are plain: str, int, float, bool, date, `PartialDate`, a list, or a dict by field. None is no value, and an empty
list has none. A list of records is compared by the best assignment of its items (Kuhn 1955, by
`scipy.optimize.linear_sum_assignment`) on the list's `keys`, then field by field, as message understanding has been
scored since Chinchor (1991): the slots of a template after the templates are aligned.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from glane.assess.evaluate.leaf import keys_of
from glane.task.fields import Field, ListField, ObjectField


def match_values(field: Field, gold: Sequence[Any], predicted: Sequence[Any]) -> list[tuple[int | None, int | None]]:
    """Pair the items of two multisets of values: as many as can be the same, by place; None where one is left over."""
    if not gold or not predicted:
        return [*((i, None) for i in range(len(gold))), *((None, j) for j in range(len(predicted)))]
    if _is_equivalence(field):
        return _match_equal(field, gold, predicted)
    alike = np.array([[same(field, right, found) for found in predicted] for right in gold], dtype=float)
    # Of several ways to pair as many, one with the most equal pairs.
    equal = np.array([[right == found for found in predicted] for right in gold], dtype=float)
    return _assigned(alike + equal / (2 * max(alike.shape)) * alike)


def match_records(
    field: ListField, gold: Sequence[Any], predicted: Sequence[Any]
) -> list[tuple[int | None, int | None]]:
    """Pair the items of two lists of records: the most keys in agreement, then the most other fields.

    Two items without any key in agreement are no pair, unless neither has a key at all and something else agrees.
    """
    assert isinstance(field.items, ObjectField)
    keys = keys_of(field, field.items)
    others = [name for name in field.items.fields if name not in keys]
    unit = len(others) + 1.0
    closeness = np.zeros((len(gold), len(predicted)))
    for i, right in enumerate(gold):
        for j, found in enumerate(predicted):
            inner = field.items.fields
            agreed = sum(_both_agree(inner[key], right.get(key), found.get(key)) for key in keys)
            beside = sum(_both_agree(inner[name], right.get(name), found.get(name)) for name in others)
            keyless = all(_is_nothing(one.get(key)) for one in (right, found) for key in keys)
            if agreed or (keyless and beside):
                whole = all(agree(inner[key], right.get(key), found.get(key)) for key in keys)
                closeness[i, j] = (agreed + whole) * unit * (len(gold) + len(predicted)) + beside
    return _assigned(closeness)


def _assigned(closeness: np.ndarray[Any, np.dtype[np.float64]]) -> list[tuple[int | None, int | None]]:
    """The best assignment, without pairs of no closeness, in the order of the right list and then the left-overs."""
    rows, columns = linear_sum_assignment(closeness, maximize=True)
    pairs = {int(i): int(j) for i, j in zip(rows, columns, strict=True) if closeness[i, j] > 0}
    matched: list[tuple[int | None, int | None]] = [(i, pairs.get(i)) for i in range(closeness.shape[0])]
    taken = set(pairs.values())
    return matched + [(None, j) for j in range(closeness.shape[1]) if j not in taken]


def _match_equal(field: Field, gold: Sequence[Any], predicted: Sequence[Any]) -> list[tuple[int | None, int | None]]:
    places: dict[Hashable, list[int]] = defaultdict(list)
    for j in reversed(range(len(predicted))):
        places[_key(field, predicted[j])].append(j)
    matched: list[tuple[int | None, int | None]] = []
    for i, right in enumerate(gold):
        free = places.get(_key(field, right))
        matched.append((i, free.pop() if free else None))
    return matched + sorted((None, j) for free in places.values() for j in free)


def _is_equivalence(field: Field) -> bool:
    """Whether equal values share one key. With a tolerance they do not: it is not transitive."""
    return not isinstance(field, ListField | ObjectField) and field.is_equivalence


def _key(field: Field, value: Any) -> Hashable:
    assert not isinstance(field, ListField | ObjectField)
    return field.key(value)


def _both_agree(field: Field, gold: Any, predicted: Any) -> bool:
    return not _is_nothing(gold) and not _is_nothing(predicted) and same(field, gold, predicted)


def _is_nothing(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, dict) and all(map(_is_nothing, value.values())))


def agree(field: Field, gold: Any, predicted: Any) -> bool:
    """Whether two values are the same. None is the same as None only."""
    if _is_nothing(gold) or _is_nothing(predicted):
        return _is_nothing(gold) and _is_nothing(predicted)
    return same(field, gold, predicted)


def same(field: Field, gold: Any, predicted: Any) -> bool:
    """Whether two values are the same under the field's rule. Neither is None."""
    if isinstance(field, ListField):
        pairs = match_values(field.items, gold, predicted)
        return all(i is not None and j is not None for i, j in pairs)
    if isinstance(field, ObjectField):
        return all(agree(inner, gold.get(name), predicted.get(name)) for name, inner in field.fields.items())
    return field.same(gold, predicted)
