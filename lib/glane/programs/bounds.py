"""The bounds that programs compare with: twins that hold them tell `age >= 18` from `age > 18`."""

from __future__ import annotations

import ast
import datetime
from collections.abc import Iterable, Iterator

from glane.programs.description import Column, Tables, as_number

_MOST = 40  # bounds of a column
_LARGEST = 1e12
Bound = int | float | datetime.date


def with_bounds(described: Tables, programs: Iterable[str]) -> Tables:
    """The description, where each column of numbers or days also takes the bounds that programs name in its range."""
    found = [one for program in programs for one in _bounds(program)]
    tables = {
        name: table.model_copy(update={"columns": {key: _with(column, found) for key, column in table.columns.items()}})
        for name, table in described.tables.items()
    }
    return described.model_copy(update={"tables": tables})


def _with(column: Column, bounds: Iterable[Bound]) -> Column:
    if column.values is not None or column.references is not None:
        return column
    also = sorted({one for one in bounds if _is_of(column, one)})[:_MOST]
    new = [one for one in also if one not in column.also]
    return column.model_copy(update={"also": (*column.also, *new)}) if new else column


def _is_of(column: Column, bound: Bound) -> bool:
    is_day = isinstance(bound, datetime.date)
    if column.type == "date" if is_day else column.type in ("integer", "number"):
        if column.type == "integer" and not isinstance(bound, int):
            return False
        low, high = column.ends()
        return low <= as_number(column.type, bound) <= high
    return False


def _bounds(program: str) -> Iterator[Bound]:
    """The numbers of a program, and its days as date(2025, 1, 31)."""
    try:
        nodes = list(ast.walk(ast.parse(program)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in nodes:
        if isinstance(node, ast.Constant) and type(node.value) in (int, float) and abs(node.value) < _LARGEST:  # type: ignore[arg-type]
            yield node.value  # type: ignore[misc]
        if isinstance(node, ast.Call) and (day := _day(node)) is not None:
            yield day


def _day(call: ast.Call) -> datetime.date | None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    parts = [one.value for one in call.args if isinstance(one, ast.Constant) and type(one.value) is int]
    if name != "date" or len(parts) != 3 or len(call.args) != 3:
        return None
    try:
        return datetime.date(*parts)
    except (ValueError, OverflowError):
        return None
