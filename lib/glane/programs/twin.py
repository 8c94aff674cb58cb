"""A synthetic twin of tables: rows drawn from what a description says of each column, and the edge cases planted.

Columns are drawn one by one: what goes with what in the real table is not in its twin. Edge cases are where SAS, R and
Polars differ: missing values, alone and in whole groups, the ends of each range, ties, repeated rows, keys without a
partner and rows in no order. A twin of typical rows alone would let most wrong translations pass.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from glane.programs.description import Column, ColumnType, Table, Tables, as_number, as_value, of_number

_MISSING = 0.05
_ORPHANS, _USED = 0.06, 0.8  # shares: of references to nothing, and of a table's rows that another refers to
_ENDS = 2  # times that the ends of a range, and bounds of conditions, are there
_TIES = 6  # of so many rows, one is another row in all but one column
_GROUPS = 3  # of a column, at least: of two, the emptied one would be much of the table
_REPEATED = 3  # rows that are another row
_POOL = ("alpha", "Beta", "gamma", "Delta", "10", "9")  # of texts of which nothing is said: case and digits in sorting
_TYPES: Mapping[ColumnType, pl.DataType] = {
    "string": pl.String(), "integer": pl.Int64(), "number": pl.Float64(), "boolean": pl.Boolean(), "date": pl.Date(),
    "datetime": pl.Datetime("us"),
}  # fmt: skip
Values = list[Any]


def twins(described: Tables, *, seed: int) -> dict[str, pl.DataFrame]:
    """Return a twin of each table. The same description and seed give the same twins."""
    found: dict[str, pl.DataFrame] = {}
    for name in described.in_order():
        digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
        chance = np.random.default_rng([seed, int.from_bytes(digest)])
        found[name] = _Twin(name, described.tables[name], found, chance).frame()
    return {name: found[name] for name in described.tables}


class _Twin:
    """One table in the making: its columns as lists of values."""

    def __init__(
        self, name: str, table: Table, others: Mapping[str, pl.DataFrame], chance: np.random.Generator
    ) -> None:
        self._name, self._table, self._others, self._chance = name, table, others, chance
        self._columns: dict[str, Values] = {}

    def frame(self) -> pl.DataFrame:
        """The table, in no order."""
        for name, one in self._table.columns.items():
            drawn = self._drawn(name, one)
            # What is planted first in each column would else stand in the same rows of all.
            self._columns[name] = [drawn[at] for at in self._chance.permutation(len(drawn))]
        if self._table.rows:
            self._plant()
        schema = {name: _TYPES[one.type] for name, one in self._table.columns.items()}
        frame = pl.DataFrame(self._columns, schema=schema)
        if self._table.key:
            frame = frame.unique(self._table.key, keep="first", maintain_order=True)
        order = self._chance.permutation(frame.height)
        return frame[order] if frame.height else frame

    def _drawn(self, name: str, one: Column) -> Values:
        rows = self._table.rows
        if one.references is not None:
            return self._of_another(one, rows)
        if one.values is not None:
            return self._categories(one, rows)
        if self._table.key == (name,) and one.type != "boolean":
            return self._names(one, rows)
        if one.type == "boolean":
            return [bool(value) for value in self._chance.integers(0, 2, rows)]
        if one.type == "string":
            return [_POOL[at] for at in self._chance.integers(0, len(_POOL), rows)]
        return self._within(one, rows)

    def _names(self, one: Column, rows: int) -> Values:
        """Ids that tell nothing: numbers from 1, or the table's name and a number."""
        if one.type == "string":
            return [f"{self._name[:20]}_{number:05d}" for number in range(1, rows + 1)]
        if one.type in ("integer", "number"):
            return [of_number(one.type, number, decimals=0) for number in range(1, rows + 1)]
        low, _ = one.ends()
        return [of_number(one.type, low + number, decimals=0) for number in range(rows)]

    def _categories(self, one: Column, rows: int) -> Values:
        """By their shares; each once at least, if the rows suffice."""
        assert one.values is not None
        codes = [as_value(one.type, code) for code, share in one.values.items() if share > 0]
        shares = np.array([share for share in one.values.values() if share > 0])
        drawn = [codes[at] for at in self._chance.choice(len(codes), rows, p=shares / shares.sum())]
        return [*codes, *drawn][:rows]

    def _within(self, one: Column, rows: int) -> Values:
        """Between the quantiles, uniform from each to the next; the ends are there twice."""
        steps = [as_number(one.type, value) for value in one.quantiles] or list(one.ends())
        at = self._chance.uniform(0, len(steps) - 1, rows)
        drawn = np.interp(at, np.arange(len(steps)), steps)
        zero = [0.0] if steps[0] < 0 < steps[-1] and one.type in ("integer", "number") else []
        also = [as_number(one.type, value) for value in one.also for _ in range(_ENDS)]
        numbers = [*zero, *_ENDS * [steps[0]], *_ENDS * [steps[-1]], *also, *drawn]
        return [of_number(one.type, float(number), decimals=one.decimals) for number in numbers[:rows]]

    def _of_another(self, one: Column, rows: int) -> Values:
        """Values of the other table's column, some of none of its rows; some of its rows have none here."""
        table, _, column = str(one.references).rpartition(".")
        there = self._others[table][column].drop_nulls().unique(maintain_order=True).to_list()
        used = there[: max(1, int(_USED * len(there)))]
        drawn = [used[at] for at in self._chance.integers(0, len(used), rows)] if used else [None] * rows
        orphans = max(1, int(_ORPHANS * rows)) if rows > 1 else 0
        return [*(_absent(one.type, there, number) for number in range(orphans)), *drawn[orphans:]]

    def _plant(self) -> None:
        self._repeat()
        self._remove()

    def _repeat(self) -> None:
        """Whole rows again, and rows that differ from another in one column alone."""
        rows = self._table.rows
        if not self._table.key:
            for at in self._chance.integers(0, rows, _REPEATED):
                for values in self._columns.values():
                    values.append(values[at])
        free = [name for name in self._columns if name not in self._table.key]
        if set(self._table.key) <= set(self._unique()) and self._table.key:
            return  # a second row of a key would be no row of the table
        for number, at in enumerate(self._tied(len(free) + rows // _TIES) if free else ()):
            changed = free[number % len(free)]
            values = self._columns[changed]
            others = [value for value in values[:rows] if value != values[at]]
            other = others[int(self._chance.integers(0, len(others)))] if others else values[at]
            for name, values in self._columns.items():
                values.append(other if name == changed else values[at])

    def _tied(self, count: int) -> list[int]:
        """The rows that get a tie: any, and those with the least or greatest value of a column, where sorting looks."""
        rows = self._table.rows
        ranged = [self._columns[name][:rows] for name, one in self._table.columns.items() if _is_ranged(one)]
        ends = [at for values in ranged for at in range(rows) if values[at] in (min(values), max(values))]
        anywhere = [int(at) for at in self._chance.integers(0, rows, count)]
        return [*anywhere, *(at for at in ends for _ in range(len(self._columns)))]

    def _unique(self) -> Sequence[str]:
        return self._table.key if len(self._table.key) == 1 else ()

    def _remove(self) -> None:
        """Missing values: of each column its share, of one row all, and of one group all numbers and days."""
        optional = [name for name in self._columns if self._missing(name) > 0]
        size = len(next(iter(self._columns.values())))
        for name in optional:
            count = max(2, round(self._missing(name) * size))
            for at in self._chance.permutation(size)[:count]:
                self._columns[name][at] = None
        last = size - 1
        for name in optional:
            self._columns[name][last] = None
        self._empty_a_group(optional)

    def _empty_a_group(self, optional: Sequence[str]) -> None:
        for name, one in self._table.columns.items():
            if one.values is None or len(one.values) < _GROUPS:
                continue
            rarest = min(one.values, key=lambda code: one.values[code])  # type: ignore[index]
            value = as_value(one.type, rarest)
            measured = [other for other in optional if self._is_measured(other)]
            for at, found in enumerate(self._columns[name]):
                if found == value:
                    for other in measured:
                        self._columns[other][at] = None
            return

    def _is_measured(self, name: str) -> bool:
        one = self._table.columns[name]
        return one.values is None and one.references is None

    def _missing(self, name: str) -> float:
        told = self._table.columns[name].missing
        return told if told is not None else 0.0 if name in self._table.key else _MISSING


def _is_ranged(one: Column) -> bool:
    return one.values is None and one.references is None and one.type not in ("string", "boolean")


def _absent(kind: ColumnType, there: Sequence[Any], number: int) -> Any:
    """A value that no row of the other table has."""
    if kind == "string":
        return f"absent_{number + 1}"
    greatest = max((as_number(kind, one) for one in there), default=0.0)
    return of_number(kind, greatest + 1 + number, decimals=0)
