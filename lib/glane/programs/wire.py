"""Tables as JSON, between a program's process and its parent. The parent trusts none of what comes back.

No pickle, and no Arrow: whoever took over the process could attack what reads them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

LONGEST_NAME = 200
_MOST_COLUMNS = 5_000
# How a column goes: the code, what it is cast to before its values are told, and the type that is made of them again.
_PLAIN: Mapping[str, tuple[pl.DataType | None, pl.DataType]] = {
    "integer": (None, pl.Int64()),
    "number": (pl.Float64(), pl.Float64()),
    "string": (pl.String(), pl.String()),
    "boolean": (None, pl.Boolean()),
    "date": (pl.Int32(), pl.Date()),
    "datetime": (pl.Int64(), pl.Datetime("us")),
    "time": (pl.Int64(), pl.Time()),
    "duration": (pl.Int64(), pl.Duration("us")),
    "null": (None, pl.Null()),
    "other": (None, pl.Null()),  # lists and structs: told, not compared
}
_CHECKS: Mapping[str, type | tuple[type, ...]] = {"string": str, "boolean": bool, "number": (int, float)}
OTHER = "other"


class BadAnswer(ValueError):
    """What no process of a program answers."""


def to_json(tables: Mapping[str, pl.DataFrame]) -> list[dict[str, Any]]:
    """Tables as plain values."""
    return [{"name": name, "columns": [_column(one) for one in table]} for name, table in tables.items()]


def _column(column: pl.Series) -> dict[str, Any]:
    code = code_of(column.dtype)
    if code in ("other", "null"):
        return {"name": column.name, "type": code, "values": [None] * len(column)}
    if code in ("datetime", "duration"):
        column = column.dt.cast_time_unit("us")
    cast = _PLAIN[code][0]
    values = (column if cast is None else column.cast(cast)).to_list()
    return {"name": column.name, "type": code, "values": values}


def code_of(dtype: pl.DataType) -> str:
    """How a type of Polars is told."""
    if dtype.is_integer():
        return "integer"
    if dtype.is_float() or dtype.is_decimal():
        return "number"
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        return "string"
    for code in ("boolean", "date", "datetime", "time", "duration", "null"):
        if dtype.base_type() is _PLAIN[code][1].base_type():
            return code
    return OTHER


def from_json(found: Any, *, max_tables: int, max_rows: int) -> tuple[dict[str, pl.DataFrame], tuple[str, ...]]:
    """Tables of plain values, and the columns of them that are of a type that is not compared, as table.column.

    Raises:
        BadAnswer: if they are none, or more than that.
    """
    if not isinstance(found, list) or len(found) > max_tables:
        raise BadAnswer
    tables, others = {}, []
    for one in found:
        name, columns = _part(one, "name", "columns")
        if not _is_name(name) or name in tables or not isinstance(columns, list) or len(columns) > _MOST_COLUMNS:
            raise BadAnswer
        series = [_series(column, max_rows) for column in columns]
        others += [f"{name}.{column['name']}" for column in columns if column["type"] == OTHER]
        try:
            tables[name] = pl.DataFrame(series)
        except (pl.exceptions.PolarsError, ValueError):
            raise BadAnswer from None
    return tables, tuple(others)


def _part(value: Any, *keys: str) -> list[Any]:
    if not isinstance(value, dict) or set(value) != set(keys):
        raise BadAnswer
    return [value[key] for key in keys]


def _is_name(name: Any) -> bool:
    return isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and name.isprintable()


def _series(column: Any, max_rows: int) -> pl.Series:
    name, code, values = _part(column, "name", "type", "values")
    if not _is_name(name) or code not in _PLAIN or not isinstance(values, list) or len(values) > max_rows:
        raise BadAnswer
    check = _CHECKS.get(code, int)
    if any(one is not None and (not isinstance(one, check) or (check is int and one is True)) for one in values):
        raise BadAnswer
    cast, dtype = _PLAIN[code]
    try:
        if code in ("null", OTHER):
            return pl.Series(name, [None] * len(values), dtype=pl.Null)
        if code == "integer":
            return _integers(name, values)
        return pl.Series(name, values, dtype=cast or dtype).cast(dtype)
    except (pl.exceptions.PolarsError, OverflowError, TypeError, ValueError):
        raise BadAnswer from None


def _integers(name: str, values: list[int | None]) -> pl.Series:
    """As whole numbers; those that 64 bits do not hold, as decimals."""
    try:
        return pl.Series(name, values, dtype=pl.Int64)
    except (pl.exceptions.PolarsError, OverflowError, TypeError):
        return pl.Series(name, [None if one is None else float(one) for one in values], dtype=pl.Float64)
