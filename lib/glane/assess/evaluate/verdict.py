"""The verdicts on the values of one document: what is right, wrong, missed or too much."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

from glane.assess.evaluate.leaf import keys_of
from glane.assess.evaluate.matching import agree, match_records, match_values, same
from glane.task.fields import Field, ListField, ObjectField
from glane.task.kinds.date import PartialDate

_DATE_LENGTH = {"year": 4, "month": 7, "day": 10}  # of the ISO spelling


class Verdict(StrEnum):
    """What a comparison says of one value."""

    CORRECT = "correct"
    WRONG = "wrong"  # both have a value, and they differ: a false positive and a false negative
    MISSED = "missed"  # the right answer has a value, the found one has none: a false negative
    SPURIOUS = "spurious"  # the found answer has a value, the right one has none: a false positive
    ABSENT = "absent"  # neither has one: a true negative


class Compared(NamedTuple):
    """One value that was compared."""

    field: str  # dotted inside records
    item: int | None  # place in the right list, nulls not counted
    predicted_item: int | None  # place in the found list, nulls not counted
    gold: Any
    predicted: Any
    verdict: Verdict


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
    keys = keys_of(field, record)
    for i, j in match_records(field, gold, predicted):
        right, found = None if i is None else gold[i], None if j is None else predicted[j]
        if right is None or found is None:
            verdict = Verdict.SPURIOUS if right is None else Verdict.MISSED
        else:
            is_same = all(agree(record.fields[key], right.get(key), found.get(key)) for key in keys)
            verdict = Verdict.CORRECT if is_same else Verdict.WRONG
        yield Compared(path, i, j, _part(right, keys), _part(found, keys), verdict)
        yield from _compare(record, path, right, found, i, j)


def _part(record: Mapping[str, Any] | None, keys: Sequence[str]) -> dict[str, Any] | None:
    return None if record is None else {key: record.get(key) for key in keys}


def text_of(value: Any) -> str | None:
    """A value as text: JSON's spelling, and ISO dates and times."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case PartialDate():
            return value.day.isoformat()[: _DATE_LENGTH.get(value.precision or "day", 10)]
        case datetime.date() | datetime.time():
            return value.isoformat()
        case _:
            return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    match value:
        case PartialDate() | datetime.date() | datetime.time():
            return text_of(value)
        case list():
            return [_plain(one) for one in value]
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case _:
            return value
