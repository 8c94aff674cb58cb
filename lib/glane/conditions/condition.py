"""Conditions in SQL over the columns of one row: `data.where`, and the rules of a task.

Polars computes them. What depends on other rows is refused, for a table is read in batches. Dates may be written as ISO
text, in quotes, as in any database.
"""

from __future__ import annotations

import datetime
import io
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import polars as pl

from glane.errors import ConfigError

_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\n]*|/\*.*?\*/", re.DOTALL)
_SUBQUERY = re.compile(r"\bselect\b", re.IGNORECASE)
_CLOCK = re.compile(r"\bnow\s*\(|\b(?:current_(?:date|time|timestamp)|localtime|localtimestamp)\b", re.IGNORECASE)
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
_COMPARISONS = frozenset({"Eq", "NotEq", "EqValidity", "NotEqValidity", "Lt", "LtEq", "Gt", "GtEq"})


def read_condition(text: str, *, place: str) -> pl.Expr:
    """Return an SQL expression whose value for a row depends on that row alone. Its columns are not looked up.

    Raises:
        ConfigError: if it is no SQL expression, speaks of several rows or of the clock, or does not name its columns.
    """
    words = _QUOTED.sub("''", text)
    if _CLOCK.search(words):
        raise ConfigError(
            f"{place}: {text!r} speaks of the current time: later it would say otherwise. Write a date instead."
        )
    if _SUBQUERY.search(words):
        raise ConfigError(_several(text, place))
    try:
        condition = pl.sql_expr(text)
        nodes = list(_nodes(condition))
    except (pl.exceptions.PolarsError, ValueError) as error:  # it has seen the condition only, and no data
        raise ConfigError(f"{place}: {text!r} is no SQL expression ({_first_line(error)}).") from None
    if any(node.meta.is_column_selection() and not node.meta.is_column() for node in nodes):
        raise ConfigError(f"{place}: {text!r} speaks of columns by a pattern. Name each column.")
    several = [node for node in nodes if _needs_other_rows(node)]
    if any(_guesses_dates(node) for node in several):
        raise ConfigError(
            f"{place}: {text!r} would guess from other rows how dates are written. Say it: DATE(column, '%Y-%m-%d')."
        )
    if several:
        raise ConfigError(_several(text, place))
    return condition


def with_dates(condition: pl.Expr, schema: Mapping[str, pl.DataType], *, place: str) -> pl.Expr:
    """Return `condition` with the texts that it compares with dates, datetimes and times as such.

    A day stands for its first instant where it is compared with instants. A text without an offset is in the time zone
    of what it is compared with.

    Raises:
        ConfigError: for a text that is no date, with how one is written.
    """
    tree = json.loads(condition.meta.serialize(format="json"))
    return expression_of(_dated(tree, pl.DataFrame(schema=schema), place))


def untrue(condition: pl.Expr, schema: Mapping[str, pl.DataType]) -> str:
    """Why a condition does not give true or false for a row of these columns; empty if it does."""
    try:
        kind = pl.DataFrame(schema=schema).clear(1).select(condition.alias("_")).dtypes[0]
    except (pl.exceptions.PolarsError, ValueError, TypeError) as error:  # the row is null: there is no cell to quote
        return _first_line(error)
    return "" if kind == pl.Boolean() else f"it gives {kind}, not true or false"


def computed(condition: pl.Expr, rows: pl.DataFrame, *, place: str, of: str) -> pl.Series:
    """For each row, whether the condition is true of it; null is not.

    Args:
        condition: Of `read_condition`.
        rows: With its columns.
        place: The setting that says it.
        of: What the rows are, for the message.

    Raises:
        ConfigError: if it fails at a cell. Its message quotes none: a cell may be a document's text.
    """
    try:
        return rows.select(condition.alias("_")).to_series().fill_null(value=False)
    except Exception as error:  # of Polars, of several types; their messages quote cells
        raise ConfigError(
            f"{place}: cannot be computed for every {of} ({type(error).__name__}): what it does does not fit a cell of "
            f"{told_columns({name: rows.schema[name] for name in dict.fromkeys(condition.meta.root_names())})}. "
            "TRY_CAST(column AS INT) gives null for what is no number; STRPTIME(column, '%Y-%m-%d') reads dates."
        ) from None


def told_columns(kinds: Mapping[str, pl.DataType]) -> str:
    """Names and types of columns, for a message."""
    return ", ".join(f"{name} ({kind})" for name, kind in kinds.items())


def _several(text: str, place: str) -> str:
    return (
        f"{place}: {text!r} speaks of several rows (an aggregate, a rank, a window or a query), and it is asked of "
        "each row by itself. Compute such a column in the input, and name it here."
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _nodes(expression: pl.Expr) -> Iterator[pl.Expr]:
    """An expression and all that it is made of, except what is computed inside lists."""
    yield expression
    for part in expression.meta.pop():
        if not str(part).startswith("element()"):
            yield from _nodes(part)


def _needs_other_rows(node: pl.Expr) -> bool:
    if node.meta.is_literal():  # the list of IN is one, and counts as several values
        return False
    try:
        return not (node.meta.is_row_separable() and (node.meta.is_length_preserving() or node.meta.is_scalar()))
    except pl.exceptions.ColumnNotFoundError:  # arithmetic that depends on the type of a column: its parts are asked
        return False
    except pl.exceptions.InvalidOperationError:  # a query
        return True


def _guesses_dates(node: pl.Expr) -> bool:
    return ".str.strptime(" in str(node)


# The form of a condition in which a text can be replaced is Polars' JSON: a node is its name, and what it holds.


def expression_of(tree: object) -> pl.Expr:
    """The expression whose JSON this is."""
    return pl.Expr.deserialize(io.StringIO(json.dumps(tree)), format="json")


def _dated(tree: Any, table: pl.DataFrame, place: str) -> Any:
    if isinstance(tree, list):
        return [_dated(part, table, place) for part in tree]
    if not isinstance(tree, dict) or "Literal" in tree:
        return tree
    tree = {name: _dated(part, table, place) for name, part in tree.items()}
    match tree:
        case {"BinaryExpr": {"left": left, "op": op, "right": right}} if op in _COMPARISONS:
            sides = {"left": _beside(left, right, table, place), "right": _beside(right, left, table, place)}
            return {"BinaryExpr": {"op": op, **sides}}
        case {"Function": {"input": [value, held], "function": {"Sql": {"IsIn": _}} as function}}:
            return {"Function": {"input": [value, _beside(held, value, table, place)], "function": function}}
    return tree


def _beside(tree: Any, other: Any, table: pl.DataFrame, place: str) -> Any:
    """`tree`, or if it is a literal of text and `other` gives dates, the same literal as dates."""
    if not (isinstance(tree, dict) and "Literal" in tree):
        return tree
    held = pl.select(expression_of(tree)).to_series()
    is_list = held.dtype == pl.List(pl.String)  # that of IN
    texts = held.explode() if is_list else held
    kind = _kind(other, table) if texts.dtype == pl.String() else None
    if kind is None:
        return tree
    found = pl.Series([None if text is None else moment(text, kind, place=place) for text in texts], dtype=kind)
    literal = pl.lit(found.implode()) if is_list else pl.lit(found.item(), dtype=kind)
    return json.loads(literal.meta.serialize(format="json"))


def _kind(tree: Any, table: pl.DataFrame) -> pl.DataType | None:
    """The type of what an expression gives, if it is one of dates."""
    try:
        kind = table.select(expression_of(tree).alias("_")).dtypes[0]
    except (pl.exceptions.PolarsError, ValueError, TypeError):
        return None
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
