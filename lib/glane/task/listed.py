"""The values that a JSON Schema lists with `enum` or `const`, checked against the rules that stand beside them."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

from glane.errors import ConfigError
from glane.task.keywords import values_of
from glane.task.kinds import pattern as patterns
from glane.task.shapes import is_number, shown

# The rules that every listed value is checked against here, so that the list alone enforces them.
CHECKED = frozenset(
    {
        "type", "enum", "const", "format", "minLength", "maxLength", "pattern", "minimum", "maximum",
        "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "divisibleBy",
    }
)  # fmt: skip
CHECKED_FORMATS = ("date", "time", "date-time")


def listed(schema: Mapping[str, Any], place: str) -> list[Any]:
    """The values that a schema lists, each once; empty if it lists none.

    Raises:
        ConfigError: if a value is a list or a record, or breaks a rule beside the list.
    """
    values = list(distinct(values_of(schema)))
    if any(isinstance(value, list | Mapping) for value in values):
        raise ConfigError(f"{place}.enum: holds a list or a record, which are no categories.")
    if strange := [one for one in values if _is_numeric(one) and not is_number(one)]:
        raise ConfigError(f"{place}.enum: {shown(strange[0])} is no finite number.")
    for value in values:
        if broken := next((key for key, is_kept in _RULES.items() if key in schema and not is_kept(value, schema)), ""):
            raise ConfigError(
                f"{place}: the listed value {shown(value)} breaks {broken}: {shown(schema[broken])}. "
                "Leave one of the two out of the schema."
            )
    return values


def distinct(values: Iterable[Any]) -> Iterable[Any]:
    """Values without duplicates. They are compared as JSON, as Python takes 1 and True for the same."""
    found: dict[str, Any] = {}
    for value in values:
        found.setdefault(spelled(value), value)
    return found.values()


def spelled(value: Any) -> str:
    """The JSON of a value, the same for 1 and 1.0."""
    whole = isinstance(value, float) and value.is_integer()
    return json.dumps(int(value) if whole else value, sort_keys=True, default=str)


def _is_numeric(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_of_type(value: Any, schema: Mapping[str, Any]) -> bool:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if value is None:
        return bool({"null", "any"} & {*kinds}) or schema.get("nullable") is True
    return bool({"any", *_json_types(value)} & {*kinds})


def _json_types(value: Any) -> tuple[str, ...]:
    if isinstance(value, bool):
        return ("boolean",)
    if isinstance(value, str):
        return ("string",)
    return ("integer", "number") if value == int(value) else ("number",)


def _of_text(is_kept: Callable[[str, Any], bool], key: str) -> Callable[[Any, Mapping[str, Any]], bool]:
    """A check of text, which other values fulfil."""
    return lambda value, schema: not isinstance(value, str) or is_kept(value, schema[key])


def _of_number(is_kept: Callable[[Fraction, Fraction], bool], key: str) -> Callable[[Any, Mapping[str, Any]], bool]:
    """A check of numbers, which other values fulfil. Fractions are made of the decimals, as 0.3 is 3 times 0.1."""
    return lambda value, schema: not _is_numeric(value) or is_kept(Fraction(str(value)), Fraction(str(schema[key])))


def _is_multiple(value: Fraction, of: Fraction) -> bool:
    return of != 0 and (value / of).denominator == 1


def _has_format(text: str, name: str) -> bool:
    """Whether a text has the format. Formats that are no kind of field are not checked."""
    forms = {"date": r"\d{4}-\d\d-\d\d", "time": r"\d\d:\d\d.*", "date-time": r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d.*"}
    read = {
        "date": datetime.date.fromisoformat,
        "time": datetime.time.fromisoformat,
        "date-time": datetime.datetime.fromisoformat,
    }
    if name not in CHECKED_FORMATS:
        return True
    try:
        read[name](text)
    except ValueError:
        return False
    return re.fullmatch(forms[name], text) is not None


def _matches(text: str, pattern: str) -> bool:
    try:
        patterns.check(pattern)
    except ValueError:
        return False
    return patterns.is_in(pattern, text)


_RULES: Mapping[str, Callable[[Any, Mapping[str, Any]], bool]] = {
    "type": _is_of_type,
    "enum": lambda value, schema: spelled(value) in map(spelled, schema["enum"]),  # a const beside an enum
    "minLength": _of_text(lambda text, least: len(text) >= least, "minLength"),
    "maxLength": _of_text(lambda text, most: len(text) <= most, "maxLength"),
    "pattern": _of_text(_matches, "pattern"),
    "format": _of_text(_has_format, "format"),
    "minimum": _of_number(lambda value, least: value >= least, "minimum"),
    "maximum": _of_number(lambda value, most: value <= most, "maximum"),
    "exclusiveMinimum": _of_number(lambda value, bound: value > bound, "exclusiveMinimum"),
    "exclusiveMaximum": _of_number(lambda value, bound: value < bound, "exclusiveMaximum"),
    "multipleOf": _of_number(_is_multiple, "multipleOf"),
    "divisibleBy": _of_number(_is_multiple, "divisibleBy"),
}
