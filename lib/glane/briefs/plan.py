"""Which measures a brief has: its definition with periods, places and groups put in, each as one condition in SQL."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from glane.briefs.record import Days, Measure, Place
from glane.errors import ConfigError, DataError
from glane.settings.brief_definition import BriefDefinition, BriefPeriod, BriefPlace, MeasureSettings
from glane.surveillance.periods import Calendar
from glane.surveillance.places import names

_DAY = datetime.timedelta(days=1)
_MOST_GROUPS = 40
Groups = Callable[[str, str | None], list[Any]]  # the values of a column, of the documents of a condition


def days_of(period: BriefPeriod, last_day: datetime.date | None, *, today: datetime.date) -> Days:
    """The days of a brief.

    Args:
        period: As it is told.
        last_day: Of the documents.
        today: The day, by universal time, on which it is made.

    Raises:
        DataError: if the last whole period is wanted, and no document has a date, or one has a date to come.
    """
    if period.first is not None and period.last is not None:
        return Days(first=period.first, last=period.last)
    if last_day is None:
        raise DataError(
            f"brief.period: no document has a date in {period.column!r}, so there is no last period. Give first and "
            "last, or another column."
        )
    if last_day > today + _DAY:  # east of Greenwich, tomorrow has begun
        raise DataError(
            f"brief.period: the last document is dated {last_day} in {period.column!r}, which is still to come, so the "
            "last period cannot be told. Give first and last, or mend that date."
        )
    calendar = Calendar(every=period.every, weeks=period.weeks)
    first = calendar.first_day(last_day)
    if calendar.last_day(first) > last_day:
        first = calendar.first_day(first - _DAY)
    return Days(first=first, last=calendar.last_day(first))


def days_before(period: BriefPeriod, days: Days) -> Days:
    """The period before that of a brief: the one of the calendar, or as many days."""
    last = days.first - _DAY
    if period.first is None:
        return Days(first=Calendar(every=period.every, weeks=period.weeks).first_day(last), last=last)
    return Days(first=last - (days.last - days.first), last=last)


def place_of(place: BriefPlace) -> Place:
    """The place of a brief with its name.

    Raises:
        ConfigError: for a code that there is not.
    """
    if place.level is None:
        return Place(column=place.column, value=place.value, name=place.value)
    known = names(place.level)
    if place.value not in known:
        raise ConfigError(
            f"brief.place: {place.value!r} is no official code of a {place.level}. Write it as the column holds it, "
            'as "35" or "2A".'
        )
    return Place(column=place.column, value=place.value, level=place.level, name=known[place.value])


def equal_to(column: str, value: Any) -> str:
    """The condition that a column has a value."""
    name = '"' + column.replace('"', '""') + '"'
    if isinstance(value, (bool, int | float)):
        return f"{name} = {str(value).lower()}"
    return f"{name} = '" + str(value).replace("'", "''") + "'"


def within(column: str, days: Days) -> str:
    """The condition that a day or a moment lies in a period."""
    name = '"' + column.replace('"', '""') + '"'
    return f"{name} >= '{days.first}' AND {name} < '{days.last + _DAY}'"


def all_of(*conditions: str | None) -> str | None:
    """The conditions together; None if there is none."""
    told = [one for one in conditions if one]
    return " AND ".join(f"({one})" for one in told) if len(told) > 1 else (told[0] if told else None)


def domain_of(
    definition: BriefDefinition, days: Days | None, place: Place | None, kind: pl.DataType | None
) -> str | None:
    """The condition on the documents of a brief.

    Args:
        definition: Of the brief.
        days: Its period.
        place: Its place.
        kind: The type of the column of places.
    """
    where = None if definition.where is None else definition.where.case
    time = None if days is None or definition.period is None else within(definition.period.column, days)
    return all_of(where, time, None if place is None else equal_to(place.column, as_in(place.value, kind)))


def as_in(value: str, kind: pl.DataType | None) -> Any:
    """The value of a place as its column has it: "01" is 1 in one of whole numbers."""
    return int(value) if kind is not None and kind.is_integer() and value.isdecimal() else value


def measures_of(
    definition: BriefDefinition, *, days: Days | None, place: Place | None, domain: str | None, groups: Groups
) -> list[Measure]:
    """All measures of a brief, in the order of its file.

    Args:
        definition: Of the brief.
        days: Its period.
        place: Its place.
        domain: The condition on its documents.
        groups: Tells the values of a column.

    Raises:
        ConfigError: if `by` has too many values.
    """
    found: list[Measure] = []
    for one in definition.measures:
        if one.by is None:
            found.append(_measure(definition, one, days, place, domain, None))
            continue
        values = groups(one.by, domain)
        if len(values) > _MOST_GROUPS:
            raise ConfigError(
                f"brief.measures.{one.name}: {one.by!r} has {len(values)} values, and a brief tells at most "
                f"{_MOST_GROUPS}. Choose a coarser column, or glane aggregate."
            )
        found += [_measure(definition, one, days, place, domain, value) for value in values]
    return found


def _measure(
    definition: BriefDefinition, one: MeasureSettings, days: Days | None, place: Place | None, domain: str | None,
    group: Any,
) -> Measure:  # fmt: skip
    among = all_of(domain, None if one.among is None else one.among.case)
    if one.by is not None:
        among = all_of(among, equal_to(one.by, group))
    before = None
    if one.kind == "ratio" and days is not None and definition.period is not None:
        before = days_before(definition.period, days)
    population = one.population
    return Measure(
        name=one.name, kind=one.kind, unit=definition.unit, case=all_of(among, one.case), among=among, label=one.label,
        subset=None if definition.where is None else definition.where.label,
        whole=None if one.among is None else one.among.label, period=days, before=before, place=place,
        group=None if group is None else str(group), by=one.by, field=one.field, field_unit=one.unit,
        people=None if population is None else population.people,
        source=None if population is None else population.source,
        per=one.per if one.kind == "rate" else None, level=definition.level,
    )  # fmt: skip


def columns_of(definition: BriefDefinition) -> Sequence[str]:
    """The columns that a brief names beside its conditions."""
    told = [one for measure in definition.measures for one in (measure.by, measure.field) if one is not None]
    told += definition.person
    told += [one.column for one in (definition.period, definition.place) if one is not None]
    if definition.period is not None and definition.period.source is not None:
        told.append(definition.period.source)
    if definition.statements is not None and definition.statements.place is not None:
        told.append(definition.statements.place)
    if definition.statements is not None and definition.statements.key is not None:
        told += definition.statements.key.by
    return tuple(dict.fromkeys(told))
