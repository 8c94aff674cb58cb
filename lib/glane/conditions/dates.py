"""Dates, instants and times that a condition writes as text."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from glane.conditions.trees import COMPARISONS, as_tree, is_literal, kind_of, operations, value_of
from glane.errors import ConfigError

_DAY = r"\d{4}-\d{2}-\d{2}"
_TIME = r"\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?"
_ZONE = r"(?:Z|[+-]\d{2}:?\d{2})"
_FORMS: Mapping[type[pl.DataType], tuple[re.Pattern[str], str]] = {
    pl.Date: (re.compile(_DAY), "days: write it as '2024-01-31'"),
    pl.Datetime: (
        re.compile(rf"{_DAY}(?:[T ]{_TIME}{_ZONE}?)?"),
        "instants: write it as '2024-01-31' or '2024-01-31 08:30'",
    ),
    pl.Time: (re.compile(_TIME), "times: write it as '08:30'"),
}
_WITH_NUMBERS: Mapping[type[pl.DataType], str] = {
    pl.Date: "days with a number. Write '2024-01-31', in quotes",
    pl.Datetime: "instants with a number. Write '2024-01-31' or '2024-01-31 08:30', in quotes",
    pl.Time: "times with a number. Write '08:30', in quotes",
}


def with_dates(tree: Any, schema: Mapping[str, pl.DataType], place: str) -> Any:
    """The tree with the texts that it compares with dates, datetimes and times as such.

    A day stands for its first instant where it is compared with instants. A text without an offset is in the time zone
    of what it is compared with.

    Raises:
        ConfigError: for a text that is no date, with how one is written.
    """
    if isinstance(tree, list):
        return [with_dates(part, schema, place) for part in tree]
    if not isinstance(tree, dict) or is_literal(tree):
        return tree
    tree = {name: with_dates(part, schema, place) for name, part in tree.items()}
    match tree:
        case {"BinaryExpr": {"left": left, "op": op, "right": right}} if op in COMPARISONS:
            sides = {"left": _beside(left, right, schema, place), "right": _beside(right, left, schema, place)}
            return {"BinaryExpr": {"op": op, **sides}}
        case {"Function": {"input": [value, held], "function": {"Sql": {"IsIn": _}} as function}}:
            return {"Function": {"input": [value, _beside(held, value, schema, place)], "function": function}}
    return tree


def refuse_numbers(tree: Any, schema: Mapping[str, pl.DataType], place: str) -> None:
    """Refuse to compare days, instants, times or spans of time with numbers.

    Polars would compare its own count: of days since 1970, or of microseconds.

    Raises:
        ConfigError: with what to write.
    """
    for one in operations(tree):
        if one.op not in COMPARISONS:
            continue
        kinds = [kind_of(side, schema) for side in (one.left, one.right)]
        for kind, other in (kinds, kinds[::-1]):
            if kind is None or other is None or not kind.is_temporal() or not other.is_numeric():
                continue
            if isinstance(kind, pl.Duration):
                remedy = "a span of time with a number. Write INTERVAL 7 DAYS, or INTERVAL 12 HOURS"
            else:
                remedy = _WITH_NUMBERS[type(kind)]
            raise ConfigError(f"{place}: compares {remedy}.")


def _beside(tree: Any, other: Any, schema: Mapping[str, pl.DataType], place: str) -> Any:
    """`tree`, or if it is a literal of text and `other` gives dates, the same literal as dates."""
    if not is_literal(tree):
        return tree
    held = value_of(tree)
    is_list = held.dtype == pl.List(pl.String)  # that of IN
    texts = held.explode() if is_list else held
    kind = _kind(other, schema) if texts.dtype == pl.String() else None
    if kind is None:
        return tree
    found = pl.Series([None if text is None else moment(text, kind, place=place) for text in texts], dtype=kind)
    literal = pl.lit(found.implode()) if is_list else pl.lit(found.item(), dtype=kind)
    return as_tree(literal)


def _kind(tree: Any, schema: Mapping[str, pl.DataType]) -> pl.DataType | None:
    """The type of what an expression gives, if it is one of dates."""
    kind = kind_of(tree, schema)
    return kind if isinstance(kind, tuple(_FORMS)) else None


def moment(text: str, kind: pl.DataType, *, place: str) -> datetime.date | datetime.time:
    """Read a date, datetime or time as conditions have it; `kind` is the type of what it is compared with.

    Raises:
        ConfigError: for a text that is none, with how one is written.
    """
    form, remedy = _FORMS[type(kind)]
    problem = f"{place}: {text!r} is compared with {remedy}."
    if not form.fullmatch(text):
        raise ConfigError(problem)
    try:
        if isinstance(kind, pl.Datetime):
            return _instant(datetime.datetime.fromisoformat(text), kind.time_zone)
        return datetime.date.fromisoformat(text) if isinstance(kind, pl.Date) else datetime.time.fromisoformat(text)
    except ValueError as error:  # of the calendar or the zone; it has seen the text alone
        raise ConfigError(f"{problem} ({error})") from None


def _instant(value: datetime.datetime, zone: str | None) -> datetime.datetime:
    if zone is None and value.tzinfo is not None:
        raise ValueError("it has an offset, and the column has no time zone")
    if zone is None or value.tzinfo is not None:
        return value
    found = pl.Series([value]).dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null").item()
    if found is None:
        raise ValueError(f"there is no such time in {zone}")
    return found
