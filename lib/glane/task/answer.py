"""From an answer's JSON value to the typed values of the result's columns, strictly."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Mapping
from typing import Any, assert_never

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
from glane.task.schema import DAY_PATTERN, PARTIAL_PATTERN


class AnswerError(ValueError):
    """An answer breaks the task's schema. The message names the field and the rule, never the value."""


def column_values(fields: Mapping[str, Field], answer: Any, *, place: str = "") -> dict[str, Any]:
    """Return the value of every column of `fields`, checked against every rule of the task.

    Dates become `datetime.date` (the first day of a partial date's period, beside its precision).

    Raises:
        AnswerError: for a missing, surplus or wrong value.
    """
    if not isinstance(answer, dict):
        raise AnswerError(f"{place or 'answer'}: not an object")
    if missing := [name for name in fields if name not in answer]:
        raise AnswerError(f"{_join(place, missing[0])}: missing")
    if len(answer) > len(fields):  # a surplus key is the model's own word: not repeated here
        raise AnswerError(f"{place or 'answer'}: has a key that is no field")
    values: dict[str, Any] = {}
    for name, field in fields.items():
        values.update(_columns(name, field, answer[name], _join(place, name)))
    return values


def _join(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _columns(name: str, field: Field, value: Any, place: str) -> dict[str, Any]:
    if isinstance(field, DateField) and field.precision == "partial":
        date, precision = (None, None) if value is None and field.nullable else _partial_date(value, place)
        return {name: date, f"{name}__precision": precision}
    return {name: _value(field, value, place)}


def _value(field: Field, value: Any, place: str) -> Any:
    if value is None:
        if not field.nullable:
            raise AnswerError(f"{place}: null, which the task does not allow")
        return None
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
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise AnswerError(f"{place}: not a number")
            _bounded(value, field.minimum, field.maximum, place)
            return float(value)
        case BooleanField():
            if not isinstance(value, bool):
                raise AnswerError(f"{place}: not true or false")
            return value
        case DateField():
            return _partial_date(value, place)[0] if field.precision == "partial" else _date(value, place)
        case EnumField():
            if value not in field.values:
                raise AnswerError(f"{place}: none of the values")
            return value
        case ListField():
            return _items(field, value, place)
        case ObjectField():
            return column_values(field.fields, value, place=place)
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


def _items(field: ListField, value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise AnswerError(f"{place}: not a list")
    if not field.min_items <= len(value) <= field.max_items:
        raise AnswerError(f"{place}: has not {field.min_items} to {field.max_items} items")
    if isinstance(field.items, DateField) and field.items.precision == "partial":
        return [_columns("date", field.items, item, f"{place}[{i}]") for i, item in enumerate(value)]
    return [_value(field.items, item, f"{place}[{i}]") for i, item in enumerate(value)]
