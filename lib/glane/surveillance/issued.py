"""Cells that protected tables have told: what may be said elsewhere is said there already, or not at all."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from glane.conditions import canonical
from glane.errors import ConfigError
from glane.settings.table import TableDefinition
from glane.surveillance.counted import key_columns
from glane.surveillance.dimensions import PERIOD, PLACE, Key, keys_of
from glane.surveillance.figures import ALL
from glane.surveillance.periods import Calendar
from glane.surveillance.record import TableSummary

SUPPRESSED = "suppressed"  # the column that says so, and the reason of a signal that cannot be told
ROW, STANDARDISED = "row", "standardised"  # what is suppressed: all figures of a row, or its standardised rates
Span = tuple[datetime.date, datetime.date]  # the first and the last day


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What a table told of one cell; `is_told` is false, and nothing else is there, where it was suppressed."""

    is_told: bool
    counted: int = 0
    documents: int = 0
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    is_incomplete: bool = False


_HIDDEN = Cell(is_told=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtectedTable:
    """A table that was made with a rule of disclosure, as it was written."""

    folder: Path
    rows: pl.DataFrame
    summary: TableSummary

    @property
    def definition(self) -> TableDefinition:
        """What it counts."""
        return self.summary.definition

    @property
    def condition(self) -> str:
        """The condition of a case."""
        one = self.definition
        return self.summary.case if one.field is None else condition_of(one.field, one.value)

    @property
    def register(self) -> Path | None:
        """The register that it was issued to; None if it was protected by itself."""
        rule = self.definition.disclosure
        return None if rule is None or rule.register_ is None else Path(rule.register_).expanduser().resolve()

    def counts(self, case: str, *, place: str) -> bool:
        """Whether its cases are those of a condition.

        Args:
            case: The condition.
            place: The setting that says it.
        """
        return canonical(case, place=place) == canonical(self.condition, place=str(self.folder))

    def cell(self, values: Mapping[str, str], days: Mapping[str, Span]) -> Cell | None:
        """What it told of the documents with these values and of these days; None if it has no such cell.

        Args:
            values: By column, of places and groups; a place by its official code.
            days: By column of dates: the first and the last.
        """
        wanted = self._keys(values, days)
        if wanted is None:
            return None
        names = [key for key in keys_of(self.definition) if key in wanted]
        found = self.rows.filter(pl.col("margin") == (" × ".join(names) or ALL))
        for key, value in wanted.items():
            found = found.filter(pl.col(key) == value)
        if found.height != 1:
            return None
        row = found.row(0, named=True)
        if row[SUPPRESSED] == ROW:
            return _HIDDEN
        return Cell(
            is_told=True, counted=row["model"], documents=row["documents"], estimate=row.get("estimate"),
            low=row.get("low"), high=row.get("high"), is_incomplete=bool(row.get("incomplete")),
        )  # fmt: skip

    def _keys(self, values: Mapping[str, str], days: Mapping[str, Span]) -> dict[str, Key] | None:
        of_column = {column: key for key, column in key_columns(self.definition).items()}
        found: dict[str, Key] = {}
        for column, value in values.items():
            key = of_column.get(column)
            if key is None or (key != PLACE and key not in self.definition.groups):
                return None
            found[key] = value
        for column, span in days.items():
            if of_column.get(column) != PERIOD or not self._is_period(*span):
                return None
            found[PERIOD] = span[0]
        return found

    def _is_period(self, first: datetime.date, last: datetime.date) -> bool:
        time = self.definition.time
        if time is None:
            return False
        calendar = Calendar.of(time)
        is_whole = (time.first is None or time.first <= first) and (time.last is None or last <= time.last)
        return is_whole and calendar.first_day(first) == first and calendar.last_day(first) == last


def condition_of(field: str, value: str) -> str:
    """A field and its value, as a condition says it."""
    name, told = field.replace('"', '""'), value.replace("'", "''")
    return f'"{name}"' if value == "true" else f"\"{name}\" = '{told}'"


def check_protected(summary: TableSummary, *, folder: object, setting: str) -> None:
    """Refuse a table that hides nothing, or whose counts were changed.

    Raises:
        ConfigError: naming the remedy.
    """
    if summary.disclosure is None or summary.disclosure.method != "suppress":
        raise ConfigError(
            f"{setting}: {folder} is a table without a rule that suppresses small counts. Make it with "
            "table.disclosure={least: …, register: …}, method suppress, into another folder."
        )
