"""Right answers beside found ones: which values correspond, and whether they are the same.

Values are plain: str, int, float, bool, date, `PartialDate`, a list, or a dict by field. None is no value, and an empty
list has none. A list of records is compared by the best assignment of its items (Kuhn 1955, by
`scipy.optimize.linear_sum_assignment`) on the list's `keys`, then field by field, as message understanding has been
scored since Chinchor (1991): the slots of a template after the templates are aligned.
"""

from __future__ import annotations

import datetime
import json
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple, assert_never

import numpy as np
from rapidfuzz import fuzz
from scipy.optimize import linear_sum_assignment

from glane.errors import ConfigError, did_you_mean
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
from glane.validation import validated

_SLACK = 1 + 1e-9  # of a tolerance, for decimals that doubles do not hold: 37.2 - 37.1
_EQUAL_SLACK = 1e-9  # relative, of two decimals that are the same
_DATE_LENGTH = {"year": 4, "month": 7, "day": 10}  # of the ISO spelling


class Verdict(StrEnum):
    """What a comparison says of one value."""

    CORRECT = "correct"
    WRONG = "wrong"  # both have a value, and they differ: a false positive and a false negative
    MISSED = "missed"  # the right answer has a value, the found one has none: a false negative
    SPURIOUS = "spurious"  # the found answer has a value, the right one has none: a false positive
    ABSENT = "absent"  # neither has one: a true negative


class PartialDate(NamedTuple):
    """A day, and how much of it is meant; None where that is not known."""

    day: datetime.date
    precision: str | None


class Compared(NamedTuple):
    """One value that was compared."""

    field: str  # dotted inside records
    item: int | None  # place in the right list
    predicted_item: int | None  # place in the found list
    gold: Any
    predicted: Any
    verdict: Verdict


class Leaf(NamedTuple):
    """What gets figures of its own: a field with values, or the items of a list of records as wholes."""

    path: str
    field: Field
    is_items: bool  # counted beside the values and not with them: an item is there if its keys agree
    in_list: bool  # of an item in a list: a document may have several


def leaves(fields: Mapping[str, Field], *, prefix: str = "", in_list: bool = False) -> Iterator[Leaf]:
    """Yield what of `fields` is compared, in their order."""
    for name, field in fields.items():
        path = f"{prefix}{name}"
        match field:
            case ObjectField():
                yield from leaves(field.fields, prefix=f"{path}.", in_list=in_list)
            case ListField(items=ObjectField() as record):
                yield Leaf(path, field, True, in_list)
                yield from leaves(record.fields, prefix=f"{path}.", in_list=True)
            case _:
                yield Leaf(path, field, False, in_list)


def with_rules(fields: Mapping[str, Field], rules: Mapping[str, Any], *, place: str) -> dict[str, Field]:
    """Return `fields` with other rules of comparison; `rules` nests as the fields do.

    Raises:
        ConfigError: for a field that there is not, or a rule that it does not take.
    """
    if strange := [name for name in rules if name not in fields]:
        raise ConfigError(f"{place}.{strange[0]}: no such field. {did_you_mean(strange[0], fields)}")
    return {
        name: _with_rule(field, rules[name], f"{place}.{name}") if name in rules else field
        for name, field in fields.items()
    }


def _with_rule(field: Field, rule: Any, place: str) -> Field:
    if isinstance(field, ListField):
        return field.model_copy(update={"items": _with_rule(field.items, rule, place)})
    if isinstance(field, ObjectField):
        if not isinstance(rule, Mapping):
            raise ConfigError(f"{place}: a rule is set on its fields. Valid: {', '.join(field.fields)}.")
        return field.model_copy(update={"fields": with_rules(field.fields, rule, place=place)})
    values = rule if isinstance(rule, Mapping) else {"rule": rule}
    return field.model_copy(update={"compare": validated(type(field.compare), values, place=place)})


def rule_of(field: Field) -> str:
    """The rule of a leaf in a few words."""
    if isinstance(field, ListField):
        if isinstance(field.items, ObjectField):
            return f"assigned by {', '.join(_keys(field, field.items))}"
        return f"items {rule_of(field.items)}"
    match field:
        case StringField():
            rule = field.compare
            return f"fuzzy {rule.similarity:g}" if rule.rule == "fuzzy" else rule.rule
        case IntegerField() | NumberField():
            return f"±{field.compare.tolerance}" if field.compare.tolerance else "exact"
        case DateField():
            return f"±{field.compare.tolerance_days} d" if field.compare.tolerance_days else "exact"
        case _:
            return "exact"


def compare(fields: Mapping[str, Field], gold: Mapping[str, Any], predicted: Mapping[str, Any]) -> Iterator[Compared]:
    """Yield every value of one document that is there, or could be, in the right answer or in the found one."""
    for name, field in fields.items():
        yield from _compare(field, name, gold.get(name), predicted.get(name), None, None)


def _compare(
    field: Field, path: str, gold: Any, predicted: Any, item: int | None, predicted_item: int | None
) -> Iterator[Compared]:
    match field:
        case ObjectField():
            for name, inner in field.fields.items():
                found, right = (predicted or {}).get(name), (gold or {}).get(name)
                yield from _compare(inner, f"{path}.{name}", right, found, item, predicted_item)
        case ListField():
            if not gold and not predicted:
                yield Compared(path, item, predicted_item, None, None, Verdict.ABSENT)
            elif isinstance(field.items, ObjectField):
                yield from _compare_records(field, field.items, path, gold or [], predicted or [])
            else:
                for i, j in match_values(field.items, gold or [], predicted or []):
                    right, found = None if i is None else gold[i], None if j is None else predicted[j]
                    verdict = Verdict.SPURIOUS if i is None else Verdict.MISSED if j is None else Verdict.CORRECT
                    yield Compared(path, i, j, right, found, verdict)
        case _:
            yield Compared(path, item, predicted_item, gold, predicted, _verdict(field, gold, predicted))


def _verdict(field: Field, gold: Any, predicted: Any) -> Verdict:
    if gold is None:
        return Verdict.ABSENT if predicted is None else Verdict.SPURIOUS
    if predicted is None:
        return Verdict.MISSED
    return Verdict.CORRECT if same(field, gold, predicted) else Verdict.WRONG


def _compare_records(
    field: ListField, record: ObjectField, path: str, gold: list[Any], predicted: list[Any]
) -> Iterator[Compared]:
    keys = _keys(field, record)
    for i, j in match_records(field, gold, predicted):
        right, found = None if i is None else gold[i], None if j is None else predicted[j]
        if right is None or found is None:
            verdict = Verdict.SPURIOUS if right is None else Verdict.MISSED
        else:
            agree = all(_agree(record.fields[key], right.get(key), found.get(key)) for key in keys)
            verdict = Verdict.CORRECT if agree else Verdict.WRONG
        yield Compared(path, i, j, _part(right, keys), _part(found, keys), verdict)
        yield from _compare(record, path, right, found, i, j)


def _part(record: Mapping[str, Any] | None, keys: Sequence[str]) -> dict[str, Any] | None:
    return None if record is None else {key: record.get(key) for key in keys}


def _keys(field: ListField, record: ObjectField) -> tuple[str, ...]:
    """What tells one item from another; every field where the task does not say."""
    return field.keys or tuple(record.fields)


def match_values(field: Field, gold: Sequence[Any], predicted: Sequence[Any]) -> list[tuple[int | None, int | None]]:
    """Pair the items of two multisets of values: as many as can be the same, by place; None where one is left over."""
    if not gold or not predicted or _is_equivalence(field):
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
    keys = _keys(field, field.items)
    others = [name for name in field.items.fields if name not in keys]
    unit = len(others) + 1.0
    closeness = np.zeros((len(gold), len(predicted)))
    for i, right in enumerate(gold):
        for j, found in enumerate(predicted):
            inner = field.items.fields
            agreed = sum(_both_agree(inner[key], right.get(key), found.get(key)) for key in keys)
            beside = sum(_both_agree(inner[name], right.get(name), found.get(name)) for name in others)
            keyless = all(one.get(key) is None for one in (right, found) for key in keys)
            if agreed or (keyless and beside):
                whole = all(_agree(inner[key], right.get(key), found.get(key)) for key in keys)
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
        case _:
            return False


def _key(field: Field, value: Any) -> Hashable:
    folded = isinstance(field, StringField) and field.compare.rule == "folded"
    return _folded(value) if folded else value


_folded = lru_cache(maxsize=100_000)(fold)


def _both_agree(field: Field, gold: Any, predicted: Any) -> bool:
    return not _is_nothing(gold) and not _is_nothing(predicted) and same(field, gold, predicted)


def _is_nothing(value: Any) -> bool:
    return value is None or value == []


def _agree(field: Field, gold: Any, predicted: Any) -> bool:
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
            return all(_agree(inner, gold.get(name), predicted.get(name)) for name, inner in field.fields.items())
        case _:
            assert_never(field)


def _tolerance(field: IntegerField | NumberField, gold: float) -> float:
    tolerance = field.compare.tolerance
    if isinstance(tolerance, str):
        tolerance = float(tolerance.rstrip("% ")) / 100 * abs(gold)
    equal = abs(gold) * _EQUAL_SLACK if isinstance(field, NumberField) else 0.0
    return max(tolerance * _SLACK, equal)


def _same_date(field: DateField, gold: Any, predicted: Any) -> bool:
    if isinstance(gold, PartialDate) and isinstance(predicted, PartialDate):
        if None not in (gold.precision, predicted.precision) and gold.precision != predicted.precision:
            return False
        gold, predicted = gold.day, predicted.day
    return bool(abs((gold - predicted).days) <= field.compare.tolerance_days)


def text_of(value: Any) -> str | None:
    """A value as text: JSON's spelling, and ISO dates."""
    match value:
        case None | str():
            return value
        case PartialDate():
            return value.day.isoformat()[: _DATE_LENGTH.get(value.precision or "day", 10)]
        case datetime.date():
            return value.isoformat()
        case _:
            return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    match value:
        case PartialDate() | datetime.date():
            return text_of(value)
        case list():
            return [_plain(one) for one in value]
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case _:
            return value
