"""From SQL text to an expression of Polars, and what is refused of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from glane.conditions.computing import first_line
from glane.conditions.texts import comma_remedy, quote_remedy
from glane.conditions.trees import TooDeep, as_expression, as_tree
from glane.conditions.truth import marked, takes_more, truths
from glane.errors import ConfigError

_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|--[^\n]*|/\*.*?\*/", re.DOTALL)
_SUBQUERY = re.compile(r"\bselect\b", re.IGNORECASE)
_CLOCK = re.compile(r"\bnow\s*\(|\b(?:current_(?:date|time|timestamp)|localtime|localtimestamp)\b", re.IGNORECASE)


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
    if takes_more(words):
        raise ConfigError(
            f"{place}: {text!r}: IS DISTINCT FROM would take all that follows for its right side. Put it in "
            "parentheses, as (a IS DISTINCT FROM b) AND c."
        )
    if _SUBQUERY.search(words):
        raise ConfigError(_several(text, place))
    try:
        condition = as_expression(truths(as_tree(pl.sql_expr(marked(text)))))
        nodes = list(_nodes(condition))
    except (pl.exceptions.PolarsError, ValueError) as error:  # it has seen the condition only, and no data
        raise ConfigError(
            f"{place}: {text!r} is no SQL expression ({first_line(error)}).{comma_remedy(text)}{quote_remedy(text)}"
        ) from None
    except (TooDeep, RecursionError):
        raise ConfigError(f"{place}: the condition cannot be computed ({TooDeep()}).") from None
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


def _several(text: str, place: str) -> str:
    return (
        f"{place}: {text!r} speaks of several rows (an aggregate, a rank, a window or a query), and it is asked of "
        "each row by itself. Compute such a column in the input, and name it here."
    )


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
