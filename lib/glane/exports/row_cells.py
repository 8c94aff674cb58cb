"""The cells of an export's tables by the row that they are of, and their way back."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

from glane.errors import ConfigError
from glane.exports.bundle import Table, Variable
from glane.exports.sizes import is_far
from glane.exports.treatment import PASSAGE, Treatments, is_quote, named, precisions_of
from glane.pseudonyms.by_value import Code, Day
from glane.pseudonyms.taken import Coded, Passage, Replaced, Value
from glane.settings.pseudonymise import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    """A value in a table."""

    table: int
    column: str
    row: int
    is_bytes: bool


@dataclass(slots=True)
class OfRow:
    """What was taken from the documents of a row, or stands beside them, and where it goes back to."""

    days: list[date] = field(default_factory=list)  # of columns that are shifted
    values: list[Value] = field(default_factory=list)
    cells: list[_Cell] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    places: list[tuple[int, str, int]] = field(default_factory=list)  # table, passage's field, row


class RowCells:
    """The cells of some tables in which something is looked for."""

    def __init__(self, tables: Sequence[Table], treatments: Treatments) -> None:
        self._tables, self._treatments = tables, treatments
        self._changes: dict[tuple[int, str], dict[int, Any]] = defaultdict(dict)
        self._no_numbers: dict[str, None] = {}  # columns of numbers for which something else would stand
        self.unread: dict[str, None] = {}  # columns of bytes that are no text
        self.codes = Counter[tuple[str, Kind]]()  # columns of codes, and what was found in these

    def by_row(self) -> dict[str, OfRow]:
        """The cells of each row of the first table, by its id; rows without any are there, too."""
        root = self._tables[0]
        found = {str(name): OfRow() for name in root.rows[root.key[0]]}
        for number, table in enumerate(self._tables):
            ids = table.rows[table.key[0]].cast(pl.String).to_list()
            fields = [one.source.removesuffix("__quote") for one in table.variables if is_quote(one)]
            of_passages = {f"{name}__{part}" for name in fields for part in PASSAGE}
            for one in table.variables:
                if one.source not in of_passages:
                    self._take(number, one, ids, found)
            for name in fields:
                for row, passage in _passages(table, name, ids):
                    found[ids[row]].passages.append(passage)
                    found[ids[row]].places.append((number, name, row))
        return found

    def _take(self, number: int, one: Variable, ids: Sequence[str], found: Mapping[str, OfRow]) -> None:
        table, is_bytes = self._tables[number], self._treatments.is_bytes(one)
        if self._treatments.of(one, table) == "shifted":
            for row, day in self._days(one, table):
                if day.precision not in ("year", "month"):
                    found[ids[row]].days.append(day.value)
            return
        for row, value in self._values(one, table):
            if is_bytes and (value := text_of(value)) is None:
                self.unread[f"{table.name}.{one.name}"] = None
                continue
            found[ids[row]].values.append(value)
            found[ids[row]].cells.append(_Cell(table=number, column=one.name, row=row, is_bytes=is_bytes))

    def _values(self, one: Variable, table: Table) -> Iterator[tuple[int, Any]]:
        """What there is to look at in a column."""
        treatment, column = self._treatments.of(one, table), table.rows[one.name]
        if treatment == "compared" and one.kind in ("date", "datetime"):
            yield from self._days(one, table)
        elif treatment in ("searched", "compared"):
            yield from ((row, value) for row, value in enumerate(column.to_list()) if value is not None)
        elif treatment == "left" and one.kind == "category":
            yield from ((row, Code(value)) for row, value in enumerate(column.to_list()) if value is not None)

    def _days(self, one: Variable, table: Table) -> Iterator[tuple[int, Day]]:
        """The dates of a column, with what they are precise to; those that Python has no calendar for are left out."""
        column, precisions = table.rows[one.name], precisions_of(one, table)
        near = pl.select(pl.when(~pl.lit(is_far(column))).then(pl.lit(column))).to_series().to_list()
        yield from ((row, Day(day, precisions[row])) for row, day in enumerate(near) if day is not None)

    def put_back(self, one: OfRow, done: Replaced) -> None:
        """Keep what became of a row's cells."""
        for cell, old, new in zip(one.cells, one.values, done.values, strict=True):
            place = f"{self._tables[cell.table].name}.{cell.column}"
            if isinstance(new, Coded):
                self.codes.update([] if new.kind is None else [(place, new.kind)])
            elif isinstance(new, str) and not isinstance(old, str):
                self._no_numbers[place] = None
            elif new != old:
                self._changes[cell.table, cell.column][cell.row] = _written(new, is_bytes=cell.is_bytes)
        for (number, name, row), passage in zip(one.places, done.passages, strict=True):
            for part in ("quote", "start", "end"):
                if (found := self._tables[number].variable(f"{name}__{part}")) is not None:
                    self._changes[number, found.name][row] = getattr(passage, part)

    def changed(self, frames: list[pl.DataFrame]) -> None:
        """Write what was kept into the rows of the tables.

        Raises:
            ConfigError: for a column that cannot hold what would stand in it.
        """
        if self._no_numbers:
            raise ConfigError(
                f"pseudonyms: a number that was found in a document stands in {named(list(self._no_numbers))}, too, "
                "and a mark is no number. Give pseudonyms.style=plausible; or name a column of the input in "
                "pseudonyms.known_columns, which become texts."
            )
        for (number, column), cells in self._changes.items():
            frame = frames[number]
            new = pl.Series(list(cells.values()), dtype=frame.schema[column])
            frames[number] = frame.with_columns(frame[column].clone().scatter(list(cells), new))


def _written(value: Value, *, is_bytes: bool) -> Any:
    if isinstance(value, Day):
        return value.value
    return value.encode().hex() if is_bytes and isinstance(value, str) else value


def text_of(digits: str) -> str | None:
    """The text that bytes are, of which there are the hexadecimal digits; None if they are none."""
    try:
        return bytes.fromhex(digits).decode()
    except UnicodeDecodeError:
        return None


def _passages(table: Table, name: str, ids: Sequence[str]) -> Iterator[tuple[int, Passage]]:
    columns: dict[str, list[Any]] = {}
    for part in PASSAGE:
        found = table.variable(f"{name}__{part}")
        columns[part] = [None] * table.rows.height if found is None else table.rows[found.name].to_list()
    for row in range(table.rows.height):
        if columns["quote"][row] is not None:
            document = columns["document"][row]
            yield row, Passage(
                document=ids[row] if document is None else str(document), start=columns["start"][row],
                end=columns["end"][row], quote=columns["quote"][row],
            )  # fmt: skip
