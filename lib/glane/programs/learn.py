"""What a real table tells its twin: shares of frequent categories and coarse quantiles. No row, no text of its own.

A category of fewer rows than `least` is merged with other rare ones, numbers are rounded to two digits at quantiles
with `least` rows beyond them, days go to the first of their month, and ids and free texts are replaced by made-up ones.
These are marginals with bounds; they are no differential privacy.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from typing import Any

import polars as pl

from glane.errors import DataError
from glane.programs.description import Column, ColumnType, Table
from glane.programs.wire import code_of

RARE = "other"  # what rare categories become
_MOST_CATEGORIES = 30
_LONGEST_CATEGORY = 40  # characters
_FEW_NUMBERS = 12  # numbers of which no more are there are codes
_MOSTLY_OWN = 0.5  # a column with more values than this share of its rows names persons, not categories
_STEPS = 4  # of quantiles
_TYPES: Mapping[str, ColumnType] = {
    "string": "string", "integer": "integer", "number": "number", "boolean": "boolean", "date": "date",
    "datetime": "datetime",
}  # fmt: skip


def learned(table: pl.DataFrame, *, least: int, rows: int, place: str, made_up: Collection[str] = ()) -> Table:
    """Return a description of a real table.

    Args:
        table: of which nothing is kept but shares and coarse quantiles.
        least: rows that anything told of it stands for, at least.
        rows: of the twin.
        place: how errors name it.
        made_up: columns that name persons, or of which nothing is to be told but their type.

    Raises:
        DataError: if it has too few rows, or no column that can be described.
    """
    if table.height < 2 * least:
        raise DataError(
            f"{place}: {table.height} rows are too few: what is told of a table stands for {least} rows or more. "
            "Describe it by hand, as tables=FILE.yaml."
        )
    columns = {one.name: _column(one, least, is_told=one.name not in made_up) for one in table}
    found = {name: one for name, one in columns.items() if one is not None}
    if not found:
        raise DataError(f"{place}: no column holds text, numbers, days or yes and no.")
    keys = [name for name in found if _names_rows(table[name])]
    return Table(rows=rows, key=tuple(keys[:1]), columns=found)


def _names_rows(column: pl.Series) -> bool:
    return code_of(column.dtype) in ("string", "integer") and column.null_count() == 0 and column.is_unique().all()


def _column(column: pl.Series, least: int, *, is_told: bool) -> Column | None:
    kind = _TYPES.get(code_of(column.dtype))
    if kind is None:
        return None
    there = column.drop_nulls()
    missing = _share(column.null_count(), len(column), least)
    if not is_told or len(there) < 2 * least or _names_rows(column):
        return Column(type=kind, missing=missing)
    if kind in ("string", "boolean"):
        return _categories(kind, there.cast(pl.String), least, missing)
    if kind == "integer" and there.n_unique() <= _FEW_NUMBERS:
        return _codes(there, least, missing) or _range(kind, there, least, missing)
    return _range(kind, there, least, missing)


def _share(count: int, rows: int, least: int) -> float:
    """A share with two decimals that stands for `least` rows or more; none is none."""
    return 0.0 if count == 0 else round(max(count, least) / rows, 2) or 0.01


def _categories(kind: ColumnType, there: pl.Series, least: int, missing: float) -> Column:
    frequent, rare = _counted(there, least)
    is_free = any(len(code) > _LONGEST_CATEGORY or not code.isprintable() for code in frequent)
    is_own = there.n_unique() > _MOSTLY_OWN * len(there)
    is_rare = rare > sum(frequent.values())  # as of persons, some of whom have many rows
    if is_free or is_own or is_rare or not frequent or len(frequent) > _MOST_CATEGORIES:
        return Column(type=kind, missing=missing)
    if rare and kind == "string":
        frequent[RARE] = frequent.get(RARE, 0) + max(rare, least)
    return Column(type=kind, values=_shares(frequent), missing=missing)


def _codes(there: pl.Series, least: int, missing: float) -> Column | None:
    """Whole numbers that are codes; rare ones are left out. None if most are rare."""
    frequent, rare = _counted(there.cast(pl.String), least)
    if len(frequent) < 2 or rare > sum(frequent.values()):
        return None
    return Column(type="integer", values=_shares(frequent), missing=missing)


def _counted(there: pl.Series, least: int) -> tuple[dict[str, int], int]:
    counts = dict(there.value_counts(sort=True).sort(["count", there.name], descending=[True, False]).iter_rows())
    frequent = {code: num for code, num in counts.items() if num >= least}
    return frequent, sum(num for num in counts.values() if num < least)


def _shares(counts: Mapping[str, int]) -> dict[str, float]:
    total = sum(counts.values())
    return {code: max(0.01, round(num / total, 2)) for code, num in counts.items()}


def _range(kind: ColumnType, there: pl.Series, least: int, missing: float) -> Column:
    """Quantiles at equal steps, none of them nearer to an end than `least` rows."""
    margin = max(0.05, least / len(there))
    steps = [margin + (1 - 2 * margin) * at / _STEPS for at in range(_STEPS + 1)]
    numbers = there.cast(pl.Int64 if kind in ("date", "datetime") else pl.Float64)
    numbers = numbers if kind in ("date", "datetime") else numbers.filter(numbers.is_finite())
    found = [_coarse(kind, numbers.quantile(step, "nearest"), there.dtype) for step in steps]
    if None in found or found[0] == found[-1]:
        return Column(type=kind, missing=missing)
    return Column(type=kind, quantiles=tuple(found), missing=missing)


def _coarse(kind: ColumnType, number: float | None, dtype: pl.DataType) -> Any:
    if number is None:
        return None
    if kind in ("date", "datetime"):
        day = pl.Series([int(number)]).cast(dtype).cast(pl.Date).item()
        return datetime.date(day.year, day.month, 1)
    rounded = float(f"{number:.1e}")
    return int(rounded) if kind == "integer" else rounded
