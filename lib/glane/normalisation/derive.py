"""Sets what is derived of the values of a merged record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from glane.normalisation.reference import Reference
from glane.normalisation.tables import read_table
from glane.task.fields import Field, ListField, ObjectField
from glane.task.lookups import lookup_of
from glane.task.task import Task
from glane.types import ExtractedValue, Extraction

Around = Mapping[str, ExtractedValue | str | None]  # what stands beside and above a value, by name


class Derivation:
    """What a task derives of values. Made once in each worker: it holds the tables."""

    def __init__(self, task: Task) -> None:
        """Read and index the tables of the task.

        Raises:
            ConfigError: as `read_table` does.
        """
        self._fields, self._lookups = task.fields, task.lookups
        self._tables = {name: Reference(one, read_table(name, one)) for name, one in task.lookups.items()}

    def of(self, extraction: Extraction, inputs: Mapping[str, str]) -> Extraction:
        """The extraction with what is derived of its values. `inputs` are the document's further columns."""
        if extraction.found is None or not self._tables:
            return extraction
        return replace(extraction, found=self._record(extraction.found, self._fields, dict(inputs)))

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
        table = lookup_of(field)
        if table is None or not isinstance(one.value, str):
            return one
        within = {column: _text(around.get(other)) for column, other in self._lookups[table].within.items()}
        return replace(one, match=self._tables[table].match(one.value, within))


def _text(said: ExtractedValue | str | None) -> str | None:
    """What a record says beside a value, as text; None if it says nothing."""
    value = said.value if isinstance(said, ExtractedValue) else said
    return None if value is None else str(value).strip() or None
