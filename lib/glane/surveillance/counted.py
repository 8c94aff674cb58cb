"""What the rows of a surveillance table count, as disclosure control is told: sets of days, places, ages and groups."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import numpy as np
import polars as pl

from glane.disclosure.layout import Layout, Span
from glane.settings.table import TableDefinition, TimeDimension
from glane.surveillance.dimensions import AGE, PERIOD, PLACE, Key, Located, keys_of, places_of
from glane.surveillance.periods import Calendar
from glane.surveillance.places import departments

_OLDEST = 1000


def table_layout(rows: pl.DataFrame, definition: TableDefinition, found: Located) -> Layout:
    """The layout of the rows of a table.

    A region is all of its departments, a period its days, so that tables of other periods and levels are linked. Keys
    are called as their columns are. The last period ends with the last day of which there is a document: it may grow,
    and is another one then.
    """
    keys = keys_of(definition)
    named = key_columns(definition)
    spans, columns = {}, []
    for key in keys:
        values = found.domains[key]
        each = _spans(key, values, definition, found.last_day)
        spans[named[key]] = (*each, _all_of(each), *_others(key, definition))
        columns.append(_places(rows, key, values))
    places = np.column_stack(columns) if columns else np.zeros((rows.height, 0), dtype=np.int64)
    return Layout(spans=spans, rows=places)


def key_columns(definition: TableDefinition) -> dict[str, str]:
    """The column of each key."""
    of = ((PERIOD, definition.time), (PLACE, definition.place), (AGE, definition.age))
    named = {key: one.column for key, one in of if one is not None}
    return {key: named.get(key, key) for key in keys_of(definition)}


def roles(definition: TableDefinition) -> dict[str, str]:
    """What each column of the keys is taken for."""
    place = definition.place
    told = {PERIOD: PERIOD, AGE: AGE} | ({} if place is None else {PLACE: f"{PLACE}:{place.codes}"})
    return {column: told.get(key, "group") for key, column in key_columns(definition).items()}


def _places(rows: pl.DataFrame, key: str, values: Sequence[Key]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The number of each row's value; that of all values where the row is a sum over them."""
    is_in = rows["margin"].str.split(" × ").list.contains(key)
    numbers = pl.DataFrame({key: pl.Series(key, values, dtype=rows.schema[key]), "__at": np.arange(len(values))})
    found = rows.select(key).join(numbers, on=key, how="left", nulls_equal=True, maintain_order="left")["__at"]
    return np.where(is_in.to_numpy(), found.fill_null(len(values)).to_numpy(), len(values)).astype(np.int64)


def _spans(key: str, values: Sequence[Key], definition: TableDefinition, last_day: datetime.date | None) -> list[Span]:
    if key == PERIOD and definition.time is not None:
        time, calendar = definition.time, Calendar.of(definition.time)
        return [_period(value, time, calendar, last_day) for value in values]
    if key == AGE and definition.age is not None:
        return [_age(value, definition.age.classes) for value in values]
    if key == PLACE and definition.place is not None and definition.place.level == "region":
        return [_region(value) for value in values]
    return [Span(unknown=True) if value is None else Span(labels=(str(value),)) for value in values]


def _period(value: Key, time: TimeDimension, calendar: Calendar, last_day: datetime.date | None) -> Span:
    if not isinstance(value, datetime.date):
        return Span(unknown=True)
    first, last = max(value, time.first or value), calendar.last_day(value)
    last = min(last, time.last or last, last_day or last)
    if last < first:  # a period of which nothing is in yet
        return Span()
    return Span(ranges=((first.toordinal(), last.toordinal() + 1),))


def _age(value: Key, classes: Sequence[int]) -> Span:
    if not isinstance(value, int):  # ages below the first class are in no class
        return Span(ranges=((0, classes[0]),) if classes[0] > 0 else (), unknown=True)
    return Span(ranges=((value, min((one for one in classes if one > value), default=_OLDEST)),))


def _region(value: Key) -> Span:
    if value is None:
        return Span(unknown=True)
    return Span(labels=tuple(code for code, one in departments().items() if one.region == value))


def _others(key: str, definition: TableDefinition) -> list[Span]:
    """The places that a table does not cover: other tables of its series may count them."""
    place = definition.place
    if key != PLACE or place is None or not place.only:
        return []
    covered = places_of(place)
    others = [
        one
        for one in departments().values()
        if (one.code if place.level == "department" else one.region) not in covered
    ]
    return [Span(labels=tuple(one.code for one in others))] if others else []


def _all_of(spans: Sequence[Span]) -> Span:
    ranges = tuple(sorted({pair for one in spans for pair in one.ranges}))
    return Span(
        ranges=_joined(ranges), labels=tuple(sorted({label for one in spans for label in one.labels})),
        unknown=any(one.unknown for one in spans),
    )  # fmt: skip


def _joined(ranges: Sequence[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Ranges that follow each other as one: the same set has one name."""
    found: list[tuple[int, int]] = []
    for low, high in ranges:
        if found and found[-1][1] == low:
            found[-1] = (found[-1][0], high)
        else:
            found.append((low, high))
    return tuple(found)
