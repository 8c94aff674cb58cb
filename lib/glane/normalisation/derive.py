"""Sets what is derived of the values of a merged record."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import replace

from glane.normalisation.dates import read_date
from glane.normalisation.quantities import read_quantity
from glane.normalisation.reference import Reference
from glane.normalisation.tables import read_table
from glane.task.derived import derives, lookup_of, normalise_of
from glane.task.fields import Field, ListField, ObjectField, StringField
from glane.task.normalising import Normalise
from glane.task.task import Task
from glane.task.units import unit_named
from glane.types import ExtractedValue, Extraction, NormalDate, NormalQuantity, Unread

_DATE_LENGTH = 10  # of YYYY-MM-DD

Around = Mapping[str, ExtractedValue | str | None]  # what stands beside and above a value, by name


class Derivation:
    """What a task derives of values. Made once in each worker: it holds the tables."""

    def __init__(self, task: Task) -> None:
        """Read and index the tables of the task.

        Raises:
            ConfigError: as `read_table` does.
        """
        self._fields, self._lookups, self._language = task.fields, task.lookups, task.language
        self._derives = derives(task.fields)
        self._tables = {name: Reference(one, read_table(name, one)) for name, one in task.lookups.items()}

    def of(self, extraction: Extraction, around: Around) -> Extraction:
        """The extraction with what is derived of its values.

        `around` are the document's further columns, and values of fields that were not asked.
        """
        if extraction.found is None or not self._derives:
            return extraction
        return replace(extraction, found=self._record(extraction.found, self._fields, around))

    def _record(
        self, found: Mapping[str, ExtractedValue], fields: Mapping[str, Field], around: Around
    ) -> dict[str, ExtractedValue]:
        here = {**around, **found}
        return {name: self._value(one, fields[name], here) for name, one in found.items()}

    def _value(self, one: ExtractedValue, field: Field, around: Around) -> ExtractedValue:
        if isinstance(field, ListField):
            items = one.items
            return one if items is None else replace(one, items=[self._value(it, field.items, around) for it in items])
        if isinstance(field, ObjectField):
            return one if one.fields is None else replace(one, fields=self._record(one.fields, field.fields, around))
        if one.value is None:
            return one
        if (asked := normalise_of(field)) is not None:
            one = replace(one, normal=self._normal(one, field, asked, around))
        table = lookup_of(field)
        if table is None or not isinstance(one.value, str):
            return one
        within = {column: _text(around.get(other)) for column, other in self._lookups[table].within.items()}
        return replace(one, match=self._tables[table].match(one.value, within))

    def _normal(
        self, one: ExtractedValue, field: Field, asked: Normalise, around: Around
    ) -> NormalDate | NormalQuantity:
        """What the value as it is written says; of a date or a number, what its quote says."""
        text = one.value if isinstance(field, StringField) else _quote(one)
        if asked.to == "quantity":
            if not isinstance(text, str):
                return NormalQuantity(reason=Unread.NO_QUOTE)
            return read_quantity(text, self._language, unit=unit_named(asked.unit) if asked.unit else None)
        if not isinstance(text, str):
            return NormalDate(reason=Unread.NO_QUOTE)
        said = around.get(asked.relative_to) if asked.relative_to else None
        return read_date(text, self._language, asked, _reference(said))


def _quote(one: ExtractedValue) -> str | None:
    return one.evidence.quote if one.evidence is not None else None


def _reference(said: ExtractedValue | str | None) -> datetime.date | None:
    """The date, or the date and time, that a field or input says; None if it says none, or only a month or year."""
    if isinstance(said, ExtractedValue):
        whole = said.precision in (None, "day")
        return said.value if isinstance(said.value, datetime.date) and whole else None
    try:
        text = (said or "").strip()
        if len(text) <= _DATE_LENGTH:
            return datetime.date.fromisoformat(text) if "-" in text else None
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        return None


def _text(said: ExtractedValue | str | None) -> str | None:
    """What a record says beside a value, as text; None if it says nothing."""
    value = said.value if isinstance(said, ExtractedValue) else said
    return None if value is None else str(value).strip() or None
