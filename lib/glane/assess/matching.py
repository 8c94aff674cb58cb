"""Whether a right value and a found one are the same, and which items of two lists correspond.

Values are plain: str, int, float, bool, date, `PartialDate`, a list, or a dict by field. None is no value, and an empty
list has none. A list of records is compared by the best assignment of its items (Kuhn 1955, by
`scipy.optimize.linear_sum_assignment`) on the list's `keys`, then field by field, as message understanding has been
scored since Chinchor (1991): the slots of a template after the templates are aligned.
"""

from __future__ import annotations

import datetime
import sys
from collections import defaultdict
from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, assert_never

import numpy as np
from rapidfuzz import fuzz
from scipy.optimize import linear_sum_assignment

from glane.assess.leaf import keys_of
from glane.extract.fold import fold
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

_SLACK = 1 + 1e-9  # of a tolerance, for decimals that doubles do not hold: 37.2 - 37.1
_ROUNDING = 8 * sys.float_info.epsilon  # of the value itself: 12345678.3 - 12345678.2 is off by more than _SLACK
_EQUAL_SLACK = 1e-9  # relative, of two decimals that are the same


class PartialDate(NamedTuple):
    """A day, and how much of it is meant; None where that is not known."""

    day: datetime.date
    precision: str | None

    @property
    def start(self) -> datetime.date:
        """The first day of what is meant."""
        if self.precision == "year":
            return self.day.replace(month=1, day=1)
        return self.day.replace(day=1) if self.precision == "month" else self.day


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
    """Whether what is the same has one key; tolerances are not transitive."""
    match field:
        case StringField():
            return field.compare.rule != "fuzzy"
        case BooleanField() | EnumField():
            return True
        case IntegerField():
            return not field.compare.tolerance
        case DateField():  # a partial date may lack its precision, and is then the same as several
            return field.precision == "day" and not field.compare.tolerance_days
        case _:
            return False


def _key(field: Field, value: Any) -> Hashable:
    folded = isinstance(field, StringField) and field.compare.rule == "folded"
    return _folded(value) if folded else value


_folded = lru_cache(maxsize=100_000)(fold)


def _both_agree(field: Field, gold: Any, predicted: Any) -> bool:
    return not _is_nothing(gold) and not _is_nothing(predicted) and same(field, gold, predicted)


def _is_nothing(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, dict) and all(map(_is_nothing, value.values())))


def agree(field: Field, gold: Any, predicted: Any) -> bool:
    """Whether two values say the same, none being a value, too."""
    if _is_nothing(gold) or _is_nothing(predicted):
        return _is_nothing(gold) and _is_nothing(predicted)
    return same(field, gold, predicted)


def same(field: Field, gold: Any, predicted: Any) -> bool:
    """Whether two values are the same under the field's rule. Neither is None."""
    match field:
        case StringField():
            if field.compare.rule == "exact":
                return bool(gold == predicted)
            if field.compare.rule == "folded":
                return _folded(gold) == _folded(predicted)
            return fuzz.ratio(_folded(gold), _folded(predicted)) >= field.compare.similarity
        case IntegerField() | NumberField():
            return abs(gold - predicted) <= _tolerance(field, gold)
        case BooleanField() | EnumField():
            return bool(gold == predicted)
        case DateField():
            return _same_date(field, gold, predicted)
        case ListField():
            pairs = match_values(field.items, gold, predicted)
            return all(i is not None and j is not None for i, j in pairs)
        case ObjectField():
            return all(agree(inner, gold.get(name), predicted.get(name)) for name, inner in field.fields.items())
        case _:
            assert_never(field)


def _tolerance(field: IntegerField | NumberField, gold: float) -> float:
    tolerance = field.compare.tolerance
    if isinstance(tolerance, str):
        tolerance = float(tolerance.rstrip("% ")) / 100 * abs(gold)
    equal = abs(gold) * _EQUAL_SLACK if isinstance(field, NumberField) else 0.0
    return max(tolerance * _SLACK + abs(gold) * _ROUNDING, equal)


def _same_date(field: DateField, gold: Any, predicted: Any) -> bool:
    if isinstance(gold, PartialDate) and isinstance(predicted, PartialDate):
        if gold.precision is None or predicted.precision is None:
            gold, predicted = gold.day, predicted.day
        elif gold.precision != predicted.precision:
            return False
        else:
            gold, predicted = gold.start, predicted.start
    return bool(abs((gold - predicted).days) <= field.compare.tolerance_days)
