"""Where each document stands in a table: its period, its place, its class of age, and further columns."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from glane.conditions import READ_DATES
from glane.errors import ConfigError, DataError, did_you_mean
from glane.settings.table import AgeDimension, PlaceDimension, TableDefinition, TimeDimension
from glane.surveillance.periods import Calendar
from glane.surveillance.places import as_places, names
from glane.type_words import type_words
from glane.validation import Strict

PERIOD, PLACE, AGE = "period", "place", "age"
Key = str | int | datetime.date | None
Days = tuple[datetime.date | None, datetime.date | None]  # the first and the last
_OLDEST = 130
_MOST_PERIODS = 1500
_AT, _USABLE = "__at", "__usable"
_RATES = ("rate", "model_rate", "standardised_rate", "standardised_model_rate")
_TAKEN = (
    "margin", "period_name", "place_name", "age_class", "documents", "failed", "reviewed", "model", "estimate", "low",
    "high", "denominator", "incomplete", "weight", "population", "year", "method", "expected", "upper", "signal",
    "reason", "probability", "completeness", "model_nowcast", "model_nowcast_low", "model_nowcast_high", "delay",
    "suppressed", *(f"{name}{end}" for name in _RATES for end in ("", "_low", "_high")),
)  # fmt: skip


class Unplaced(Strict):
    """Documents that stand nowhere in a dimension, or outside of the table; None where that may not be told."""

    outside: int | None = 0  # of days that the table does not cover; counted nowhere
    elsewhere: int | None = 0  # of places that the table does not cover, of its days; counted nowhere
    reported_later: int | None = 0  # than the day until which reports are in; counted nowhere
    without_date: int | None = 0
    without_place: int | None = 0  # no code
    unknown_places: int | None = 0  # a code that there is not
    without_age: int | None = 0
    unknown_ages: int | None = 0  # below 0, above 130, or below the first class


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """Documents with their keys in the table: columns PERIOD, PLACE, AGE, and the groups as texts."""

    usable: pl.DataFrame
    failed: pl.DataFrame
    domains: Mapping[str, list[Key]]  # all values of each key, in order; None, last, is an unknown one
    unplaced: Unplaced
    first_day: datetime.date | None  # of all documents with a date
    last_day: datetime.date | None
    last_report: datetime.date | None = None  # the day until which reports are in
    reporting: frozenset[str] = frozenset()  # places from which a document came, with an answer or without

    @property
    def silent(self) -> tuple[str, ...]:
        """The places of the table from which no document came."""
        return tuple(one for one in self.domains.get(PLACE, ()) if isinstance(one, str) and one not in self.reporting)


def located(usable: pl.DataFrame, failed: pl.DataFrame, definition: TableDefinition) -> Located:
    """Give each document its keys; those of days and places that the table does not cover are left out, and counted.

    Args:
        usable: Documents with an answer, with the columns of the table.
        failed: Those without.
        definition: Of the table.

    Raises:
        ConfigError: for a column of a type that cannot be what the table takes it for.
        DataError: if dates are so far from each other that one of them must be wrong.
    """
    keys = keys_of(definition)
    marked = pl.concat(
        [
            rows.select(*definition.columns, pl.repeat(is_usable, pl.len(), dtype=pl.Boolean).alias(_USABLE))
            for rows, is_usable in ((usable, True), (failed, False))
        ],
        how="vertical_relaxed",
    ).with_row_index(_AT)
    counts: dict[str, int] = {}
    days: Days = (None, None)
    last_report = None
    found = marked
    if definition.time is not None:
        found, more, days = _by_period(found, definition.time)
        counts |= more
        last_report = _last_report(found, definition.time)
    reporting: frozenset[str] = frozenset()
    if definition.place is not None:
        found, more = _by_place(found, definition.place)
        reporting = frozenset(found[PLACE].drop_nulls())
        counts |= more
    if definition.age is not None:
        found, more = _by_age(found, definition.age)
        counts |= more
    blank = pl.col(*definition.groups).cast(pl.String).str.strip_chars() if definition.groups else pl.lit("")
    if definition.groups:
        found = found.with_columns(pl.when(blank != "").then(pl.col(*definition.groups).cast(pl.String)).name.keep())
    of_usable, of_failed = found.filter(pl.col(_USABLE)), found.filter(~pl.col(_USABLE))
    return Located(
        usable=_with_keys(usable, of_usable, keys, 0), failed=_with_keys(failed, of_failed, keys, usable.height),
        domains=_domains(definition, found, keys, days), unplaced=Unplaced(**counts),
        first_day=days[0], last_day=days[1], last_report=last_report, reporting=reporting,
    )  # fmt: skip


def _with_keys(rows: pl.DataFrame, found: pl.DataFrame, keys: Sequence[str], before: int) -> pl.DataFrame:
    """The rows that were found a place for, with their keys."""
    return rows[found[_AT] - before].with_columns(found[key] for key in keys)


def keys_of(definition: TableDefinition) -> tuple[str, ...]:
    """The columns of a table's keys.

    Raises:
        ConfigError: if a group is named as a column that the table makes.
    """
    named = ((PERIOD, definition.time), (PLACE, definition.place), (AGE, definition.age))
    keys = [key for key, one in named if one is not None]
    for name in definition.groups:
        if name in (PERIOD, PLACE, AGE, *_TAKEN):
            raise ConfigError(f"table.groups: {name!r} is a column that the table makes. Rename it in the input.")
    return (*keys, *definition.groups)


def _by_period(rows: pl.DataFrame, time: TimeDimension) -> tuple[pl.DataFrame, dict[str, int], Days]:
    for column in time.columns:
        if (kind := rows.schema[column]) not in (pl.Date, pl.Datetime):
            raise ConfigError(
                f"table.time: {column!r} is {type_words(kind)}, and must be a date. Make it a column of dates in the "
                "input "
                f"({READ_DATES}; of a workbook or another file, glane convert), and extract from that."
            )
    day = pl.col(time.column).dt.date()  # of the zone that a moment is told in
    kept = within(rows, time)
    if rows[time.column].count() and not kept[time.column].count():
        first, last = rows.select(day.min().alias("first"), day.max().alias("last")).row(0)
        raise DataError(
            "table.time: no document with a date is of the days that the table covers, "
            f"{_days(time.first, time.last)}; they are of {_days(first, last)}, by {time.column!r}. Change "
            "table.time.first, last or until."
        )
    days = kept.select(day.min().alias("first"), day.max().alias("last")).row(0)
    counts = {
        "outside": rows.height - _covered(rows, time).height, "without_date": kept[time.column].null_count(),
        "reported_later": _covered(rows, time).height - kept.height,
    }  # fmt: skip
    return kept.with_columns(Calendar.of(time).first_days(pl.col(time.column)).alias(PERIOD)), counts, days


def _days(first: datetime.date | None, last: datetime.date | None) -> str:
    return f"{first or '…'} to {last or '…'}"


def within(rows: pl.DataFrame, time: TimeDimension) -> pl.DataFrame:
    """The documents of the days that a table covers and that were reported by then, and those without a date."""
    rows = _covered(rows, time)
    if time.reported is None or time.until is None:
        return rows
    return rows.filter((pl.col(time.reported).dt.date() <= time.until).fill_null(True))


def covered(rows: pl.DataFrame, definition: TableDefinition) -> pl.DataFrame:
    """The documents of the days and places that a table covers, and those without a date, or without a known place."""
    kept = rows if definition.time is None else within(rows, definition.time)
    return kept if definition.place is None else _by_place(kept, definition.place)[0].drop(PLACE)


def _last_report(rows: pl.DataFrame, time: TimeDimension) -> datetime.date | None:
    """The day until which reports are in: that which is declared, or that of the last one."""
    if time.reported is None or time.until is not None:
        return time.until
    found: datetime.date | None = rows.select(pl.col(time.reported).dt.date().max()).item()
    return found


def _covered(rows: pl.DataFrame, time: TimeDimension) -> pl.DataFrame:
    day = pl.col(time.column).dt.date()
    if time.first is not None:
        rows = rows.filter((day >= time.first).fill_null(True))
    if time.last is not None:
        rows = rows.filter((day <= time.last).fill_null(True))
    return rows


def _by_place(rows: pl.DataFrame, place: PlaceDimension) -> tuple[pl.DataFrame, dict[str, int]]:
    kind = rows.schema[place.column]
    if not (kind.is_integer() or isinstance(kind, pl.String | pl.Categorical | pl.Enum)):
        raise ConfigError(
            f"table.place: {place.column!r} is {type_words(kind)}, and must hold official codes as texts."
        )
    codes = as_places(rows[place.column], codes=place.codes, level=place.level)
    without = rows[place.column].null_count()
    if codes.null_count() == rows.height and rows.height > without:
        raise ConfigError(
            f"table.place: no value of {place.column!r} is the official code of a {place.codes}. A department is 01 to "
            "95, 2A, 2B, 971 to 974 or 976, a region 11 to 94, a commune five characters; postal codes and names are "
            "not taken."
        )
    found = rows.with_columns(codes.alias(PLACE))
    found = found.filter(pl.col(PLACE).is_in(places_of(place)) | pl.col(PLACE).is_null())
    return found, {
        "without_place": without, "unknown_places": codes.null_count() - without,
        "elsewhere": rows.height - found.height,
    }  # fmt: skip


def places_of(place: PlaceDimension) -> list[str]:
    """The codes of the places that a table covers, in their order.

    Raises:
        ConfigError: for a code that there is not.
    """
    known = names(place.level)
    told = as_places(pl.Series(place.only, dtype=pl.String), codes=place.level, level=place.level).to_list()
    for code, found in zip(place.only, told, strict=True):
        if found is None:
            raise ConfigError(
                f"table.place.only: {code!r} is the official code of no {place.level}. {did_you_mean(code, known)}"
            )
    return [code for code in known if not told or code in told]


def _by_age(rows: pl.DataFrame, age: AgeDimension) -> tuple[pl.DataFrame, dict[str, int]]:
    kind = rows.schema[age.column]
    if not kind.is_numeric():
        raise ConfigError(
            f"table.age: {age.column!r} is {type_words(kind)}, and must be a number of years. Cells that are no "
            "numbers, as '65+' "
            "or '3 mois', make a column of texts: mend them, or make glane convert take them for none "
            "(data.null_values=[inconnu]), and extract from that."
        )
    years = pl.col(age.column).cast(pl.Float64).fill_nan(None)
    known = (years >= age.classes[0]) & (years < _OLDEST)
    lowest = pl.lit(None, pl.Int64)
    for low in age.classes:
        lowest = pl.when(years >= low).then(pl.lit(low, pl.Int64)).otherwise(lowest)
    found = rows.with_columns(pl.when(known).then(lowest).alias(AGE))
    without = rows.select(years.null_count()).item()
    return found, {"without_age": without, "unknown_ages": found[AGE].null_count() - without}


def _domains(definition: TableDefinition, rows: pl.DataFrame, keys: Sequence[str], days: Days) -> dict[str, list[Key]]:
    """All values of each key: every period, place and class, whether a document is there or not."""
    found: dict[str, list[Key]] = {}
    for key in keys:
        seen = rows[key].unique()
        if key == PERIOD and definition.time is not None:
            values: list[Key] = list(_periods(definition.time, days))
        elif key == PLACE and definition.place is not None:
            values = list(places_of(definition.place))
        elif key == AGE and definition.age is not None:
            values = list(definition.age.classes)
        else:
            values = list(seen.drop_nulls().sort())
        found[key] = [*values, None] if seen.null_count() else values
    return found


def _periods(time: TimeDimension, days: Days) -> list[datetime.date]:
    first, last = time.first or days[0], time.last or days[1]
    if first is None or last is None:
        return []
    calendar = Calendar.of(time)
    num = (last - first).days // {"day": 1, "week": 7, "month": 28, "quarter": 90, "year": 365}[time.every]
    if num > _MOST_PERIODS:
        raise DataError(
            f"table.time: from {first} to {last} there are more than {_MOST_PERIODS:,} periods ({time.every}). If one "
            "of these days is wrong, give the days that the table covers: table.time.first=… table.time.last=…"
        )
    return calendar.periods(first, last)


def age_class(low: int, classes: Sequence[int]) -> str:
    """The name of a class by its lowest age: `5–14`, `65+`."""
    after = [one for one in classes if one > low]
    if not after:
        return f"{low}+"
    return f"{low}–{after[0] - 1}" if after[0] - 1 > low else str(low)  # Excel reads 1-4 as a date
