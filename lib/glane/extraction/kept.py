"""The values that a run keeps of the run that it extends, shard by shard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from glane.corpus.plan import Plan
from glane.errors import RunError
from glane.extraction.extension import open_earlier
from glane.extraction.lineage import Lineage, Numbers
from glane.parquet import open_parquet, parquet_footer, parquet_schema
from glane.run.description import EarlierRun
from glane.run.directory import RunDirectory
from glane.run.erased import read_erased
from glane.storage import listed, patiently
from glane.task.fields import Field, ListField, ObjectField
from glane.task.rules import Rules, names_in
from glane.task.signs import OF_FIELDS, field_of
from glane.task.task import Task
from glane.types import Document, ExtractedValue, Extraction

_SIGN_OF = {  # of an extraction, by the column that holds it
    "leaked_from_example": "leaked",
    "not_in_quote": "not_in_quote",
    "forced_quote": "forced_quote",
    "recalled_without_passage": "recalled_without_passage",
    "recalled": "recalled",
}
assert set(_SIGN_OF) == set(OF_FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRows:
    """What the rows of a shard keep. `table` has no dictionaries; `beside` is None where a row is asked in full."""

    task: Task
    fields: frozenset[str]
    table: pa.Table
    beside: Sequence[Mapping[str, ExtractedValue] | None]

    def joined(self, row: int, extraction: Extraction) -> Extraction:
        """The result of a row: if it has values and keeps some, with the signs at these, in the order of the task."""
        if self.beside[row] is None or extraction.found is None:
            return extraction
        order = list(self.task.fields)
        more: dict[str, Any] = {"reused": True}
        for column, name in _SIGN_OF.items():
            kept = [place for place in self.table[column][row].as_py() or () if field_of(place) in self.fields]
            places = [*kept, *(getattr(extraction, name) or ())]
            more[name] = sorted(places, key=lambda place: order.index(field_of(place)))
        return replace(extraction, **more)


class Keeper:
    """Finds what the shards of a run keep of the run that it extends. One for each worker."""

    def __init__(self, path: str, extends: EarlierRun, directory: RunDirectory, plan: Plan, task: Task) -> None:
        """`path` is where the earlier run is now.

        Raises:
            RunError: if it is not the run that this one was begun with, or it lost rows.
        """
        earlier = open_earlier(path)
        if earlier.directory.identity() != extends.id:
            raise RunError(
                f"data.extend: {path} is another run than when this one was begun. Put the former one back, or choose "
                "another run.dir."
            )
        self.asked = extends.asked
        self._task, self._fields = task, frozenset(extends.reused)
        self._lineage = Lineage(directory.lineage, plan)
        if self._lineage.facts.erasures != len(read_erased(earlier.directory).erasures):  # its rows have other numbers
            raise RunError(
                f"{directory.lineage}: made before documents were erased of {path}. Remove it and run the same command "
                "again: it is made anew."
            )
        records = listed(earlier.directory.records, "*.parquet")
        names = parquet_schema(records[0]).names
        columns = [name for name in names if name.partition("__")[0] in self._fields]
        self._rows = _EarlierRows(records, [*columns, *_SIGN_OF])
        self._rules = self._new_rules({rule["rule"] for rule in earlier.description().fingerprint["task"]["rules"]})

    def _new_rules(self, before: set[str]) -> Rules:
        """The rules between kept fields that the earlier run did not check."""
        task = self._task
        kept = {name: field for name, field in task.fields.items() if name in self._fields}
        known = {*kept, *task.input_columns}
        new = [rule for rule in task.rules if rule.rule not in before and names_in(rule) <= known]
        return Rules(new, kept, task.input_columns)

    def of(self, shard: int, documents: Sequence[Document]) -> KeptRows:
        """What the rows of a shard keep.

        A row keeps nothing if the earlier run has no values of it, or these break a new rule: then it is asked as a
        whole.

        Raises:
            RunError: if the earlier run's records cannot be read.
        """
        numbers = self._lineage.of(shard)
        table = self._rows.take(numbers)
        shown = {f"{name}{what}" for name in self._fields for what in ("", "__precision")}
        cells = table.select([name for name in table.column_names if name in shown]).to_pylist()
        beside = [
            None if number < 0 else self._beside(row, document)
            for number, row, document in zip(numbers, cells, documents, strict=True)
        ]
        return KeptRows(task=self._task, fields=self._fields, table=table, beside=beside)

    def _beside(self, cells: Mapping[str, Any], document: Document) -> dict[str, ExtractedValue] | None:
        found = {name: _value(self._task.fields[name], name, cells) for name in self._fields}
        return None if self._rules.broken(found, document.inputs) else found


class _EarlierRows:
    """The rows of a published result by their numbers. The last row group is kept, because rows are taken in order."""

    def __init__(self, files: Sequence[Path], columns: Sequence[str]) -> None:
        self._columns = list(columns)
        self._groups: list[tuple[Path, int]] = []
        sizes = []
        for path in files:
            metadata = patiently(lambda path=path: parquet_footer(path))  # type: ignore[misc]
            self._groups += [(path, group) for group in range(metadata.num_row_groups)]
            sizes += [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        self._bounds = np.cumsum([0, *sizes])
        self._latest: tuple[int, pa.Table] | None = None

    def take(self, numbers: Numbers) -> pa.Table:
        """The rows with these numbers; all null for -1."""
        is_there = numbers >= 0
        groups = np.searchsorted(self._bounds, numbers, side="right") - 1
        tables, places = [self._read(0).slice(0, 0)], []
        for group in np.unique(groups[is_there]):
            here = np.flatnonzero(is_there & (groups == group))
            tables.append(self._read(int(group)).take(pa.array(numbers[here] - self._bounds[group])))
            places.append(here)
        at = np.full(len(numbers), -1, np.int64)
        if places:
            at[np.concatenate(places)] = np.arange(np.count_nonzero(is_there))
        joined = pa.concat_tables(tables).combine_chunks()
        return joined.take(pa.array(at, mask=at < 0))

    def _read(self, group: int) -> pa.Table:
        if self._latest is None or self._latest[0] != group:
            path, number = self._groups[group]
            try:
                with patiently(lambda: open_parquet(path)) as parquet:
                    table = parquet.read_row_group(number, columns=self._columns)
            except (pa.ArrowException, FileNotFoundError, ValueError):
                raise RunError(
                    f"data.extend: {path} cannot be read. Restore the records of that run from a copy, and run the "
                    "same command again."
                ) from None
            self._latest = (group, _without_dictionaries(table))
        return self._latest[1]


def _without_dictionaries(table: pa.Table) -> pa.Table:
    kinds = [field.type for field in table.schema]
    plain = [kind.value_type if pa.types.is_dictionary(kind) else kind for kind in kinds]
    return table.cast(pa.schema(zip(table.column_names, plain, strict=True)))


def _value(field: Field, name: str, cells: Mapping[str, Any]) -> ExtractedValue:
    """A value of the result as rules and derivations see it: without evidence, and a record without its members."""
    cell = cells[name]
    if cell is None:
        return ExtractedValue()
    if isinstance(field, ListField):
        return ExtractedValue(items=[_item(field.items, item) for item in cell])
    if isinstance(field, ObjectField):
        return ExtractedValue(fields={})
    return ExtractedValue(value=cell, precision=cells.get(f"{name}__precision"))


def _item(field: Field, cell: Any) -> ExtractedValue:
    if cell is None:
        return ExtractedValue()
    if isinstance(field, ListField):
        return ExtractedValue(items=[])
    if isinstance(field, ObjectField):
        return ExtractedValue(fields={})
    return ExtractedValue(value=cell["date"] if field.has_precision else cell)
