"""From the JSON of an answer to typed values, strictly: every rule of the task is checked, nothing is repaired."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping
from typing import Any, assert_never

from glane.form import QUOTE_MAX_LENGTH
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
from glane.task.locate import Node
from glane.task.schema import (
    ASSERTION,
    DAY_PATTERN,
    MISSING,
    PARTIAL_PATTERN,
    QUOTE,
    VALUE,
    min_items,
    wrapper_keys,
)
from glane.types import Assertion, Found, Missing


class AnswerError(ValueError):
    """An answer breaks the task's schema. The message names the field and the rule, never the value."""


def read_answer(fields: Mapping[str, Field], answer: Node, *, place: str = "") -> dict[str, Found]:
    """Return what an answer says of every one of `fields`, checked against every rule of the task.

    Dates become `datetime.date` (the first day of a partial date's period, beside its precision). Quotes are kept as
    they are written; spans are places in the JSON text that `answer` was located in.

    Raises:
        AnswerError: for a missing, surplus or wrong value.
    """
    members = _members(answer, tuple(fields), place)
    return {name: _found(field, members[name], _join(place, name)) for name, field in fields.items()}


def _join(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _members(node: Node, keys: tuple[str, ...], place: str) -> dict[str, Node]:
    """The members of an object that has exactly these keys."""
    if node.members is None:
        raise AnswerError(f"{place or 'answer'}: not an object")
    if absent := [key for key in keys if key not in node.members]:
        raise AnswerError(f"{_join(place, absent[0])}: missing")
    if len(node.members) > len(keys):  # a surplus key is the model's own word: not repeated here
        raise AnswerError(f"{place or 'answer'}: has a key that is no field")
    return node.members


def _found(field: Field, node: Node, place: str) -> Found:
    if field.missing and node.members is not None and MISSING in node.members:
        return _missing(field, node, place)
    if node.value is None:
        if field.missing:
            raise AnswerError(f"{place}: null without a reason")
        if not field.nullable:
            raise AnswerError(f"{place}: null, which the task does not allow")
        return Found(span=(node.start, node.end))
    if isinstance(field, ListField):
        return _list(field, node, place)
    return _wrapped(field, field, node, place)


def _missing(field: Field, node: Node, place: str) -> Found:
    reason = node.members[MISSING].value if node.members else None
    if reason not in field.missing:
        raise AnswerError(f"{place}.{MISSING}: none of the reasons {', '.join(field.missing)}")
    missing = Missing(reason)
    quoted = field.evidence and missing is not Missing.NOT_STATED
    members = _members(node, (MISSING, QUOTE) if quoted else (MISSING,), place)
    return Found(
        missing=missing,
        quote=_quote(members[QUOTE], place) if quoted else None,
        span=(node.start, members[MISSING].end),
    )


def _wrapped(wrapper: Field, field: Field, node: Node, place: str) -> Found:
    """A value with what stands around it: `wrapper` says what is asked of it, `field` what it is."""
    keys = wrapper_keys(wrapper)
    if not keys:
        return _value(field, node, place)
    members = _members(node, tuple(keys), place)
    if members[VALUE].value is None and wrapper is field:
        raise AnswerError(f"{place}.{VALUE}: null has no place there")
    found = _value(field, members[VALUE], f"{place}.{VALUE}")
    found.span = (node.start, members[VALUE].end)
    if ASSERTION in members:
        if members[ASSERTION].value not in wrapper.assertion:
            raise AnswerError(f"{place}.{ASSERTION}: none of the assertions {', '.join(wrapper.assertion)}")
        found.assertion = Assertion(members[ASSERTION].value)
    if QUOTE in members:
        found.quote = _quote(members[QUOTE], place)
    return found


def _quote(node: Node, place: str) -> str:
    quote = _text(node.value, f"{place}.{QUOTE}")
    if not 1 <= len(quote) <= QUOTE_MAX_LENGTH:
        raise AnswerError(f"{place}.{QUOTE}: empty, or longer than {QUOTE_MAX_LENGTH}")
    return quote


def _list(field: ListField, node: Node, place: str) -> Found:
    if node.items is None:
        raise AnswerError(f"{place}: not a list")
    if not min_items(field) <= len(node.items) <= field.max_items:
        raise AnswerError(f"{place}: has not {min_items(field)} to {field.max_items} items")
    items = [_wrapped(field, field.items, item, f"{place}[{i}]") for i, item in enumerate(node.items)]
    return Found(items=items, span=(node.start, node.end), value_span=(node.start, node.end))


def _value(field: Field, node: Node, place: str) -> Found:
    """A value without anything around it."""
    found = Found(span=(node.start, node.end))
    if node.value is None:
        if not field.nullable:
            raise AnswerError(f"{place}: null, which the task does not allow")
        return found
    found.value_span = found.span
    match field:
        case ListField():
            return _list(field, node, place)
        case ObjectField():
            found.fields = read_answer(field.fields, node, place=place)
        case DateField() if field.precision == "partial":
            found.value, found.precision = _partial_date(node.value, place)
        case _:
            found.value = _scalar(field, node.value, place)
    return found


def _scalar(
    field: StringField | IntegerField | NumberField | BooleanField | DateField | EnumField, value: Any, place: str
) -> object:
    match field:
        case StringField():
            text = _text(value, place)
            if len(text) > field.max_length:
                raise AnswerError(f"{place}: longer than {field.max_length}")
            return text
        case IntegerField():
            whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
            if isinstance(value, bool) or not whole:
                raise AnswerError(f"{place}: not a whole number")
            _bounded(value, field.minimum, field.maximum, place)
            return int(value)
        case NumberField():
            try:
                number = math.nan if isinstance(value, bool) or not isinstance(value, int | float) else float(value)
            except OverflowError:  # hundreds of digits: models do fall into loops
                number = math.inf
            if not math.isfinite(number):
                raise AnswerError(f"{place}: not a number")
            _bounded(number, field.minimum, field.maximum, place)
            return number
        case BooleanField():
            if not isinstance(value, bool):
                raise AnswerError(f"{place}: not true or false")
            return value
        case DateField():
            return _date(value, place)
        case EnumField():
            if value not in field.values:
                raise AnswerError(f"{place}: none of the values {', '.join(field.values)}")
            return value
        case _:
            assert_never(field)


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise AnswerError(f"{place}: not text")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise AnswerError(f"{place}: holds a lone surrogate")
    return value


def _bounded(value: float, minimum: float | None, maximum: float | None, place: str) -> None:
    if minimum is not None and value < minimum:
        raise AnswerError(f"{place}: below the minimum {minimum}")
    if maximum is not None and value > maximum:
        raise AnswerError(f"{place}: above the maximum {maximum}")


def _date(value: Any, place: str) -> datetime.date:
    if not isinstance(value, str) or not re.fullmatch(DAY_PATTERN, value):
        raise AnswerError(f"{place}: not a date YYYY-MM-DD")
    try:
        return datetime.date.fromisoformat(value)
    except ValueError:
        raise AnswerError(f"{place}: no such day in the calendar") from None


def _partial_date(value: Any, place: str) -> tuple[datetime.date, str]:
    if not isinstance(value, str) or not re.fullmatch(PARTIAL_PATTERN, value):
        raise AnswerError(f"{place}: not a date YYYY, YYYY-MM or YYYY-MM-DD")
    precision = {4: "year", 7: "month", 10: "day"}[len(value)]
    return _date(value + "-01-01"[: 10 - len(value)] if precision == "year" else (value + "-01")[:10], place), precision
