"""Columns of an export that tell who a person is: each cell is replaced as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl

from glane.exports.bundle import Table, Variable
from glane.exports.persons import written
from glane.exports.row_cells import text_of
from glane.exports.treatment import Treatments, is_document
from glane.pseudonyms.key import Key
from glane.pseudonyms.replace import surrogates_of
from glane.pseudonyms.rows import manner_of
from glane.pseudonyms.surrogates import Surrogates
from glane.pseudonyms.whole import can_be_replaced, known_replaced, replaced_value

_KEEP_TYPES = frozenset({"integer", "date", "datetime"})


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeColumns:
    """What stands in their place."""

    treatments: Treatments
    key: Key
    documents: Mapping[str, Sequence[Mapping[str, Any]]]  # of rows, as `documents_of` reads them
    persons: Mapping[str, str]
    counts: Counter[str]  # of what is replaced, by kind

    def of(self, table: Table) -> dict[str, pl.Series]:
        """The columns of a table that are replaced whole, by name.

        Whole numbers and dates keep their type where `glane pseudonymise` does, and have what it writes; others become
        texts.
        """
        found = [one for one in table.variables if self._is_whole(one, table)]
        old = {one.name: table.rows[one.name].to_list() for one in found}
        keep = {one.name: self._keeps_type(one, table) for one in found}
        new: dict[str, list[object]] = {one.name: [] for one in found}
        for row, name in enumerate(table.rows[table.key[0]].cast(pl.String) if found else ()):
            made = self._made(name)
            for one in found:
                value = old[one.name][row]
                new[one.name].append(None if value is None else self._cell(one, value, made, keep[one.name]))
        return {
            name: pl.Series(name, cells, table.rows.schema[name] if keep[name] else pl.String)
            for name, cells in new.items()
        }

    def _is_whole(self, one: Variable, table: Table) -> bool:
        return one.name != table.key[0] and not is_document(one) and self.treatments.is_whole(one)

    def _keeps_type(self, one: Variable, table: Table) -> bool:
        told = self.treatments.told
        if one.source == told.person_column or one.kind not in _KEEP_TYPES:
            return False
        return can_be_replaced(table.rows[one.name].clear().to_arrow().type, told.style)

    def _made(self, name: str) -> Surrogates:
        texts = [one["text"] for one in self.documents.get(name, ()) if one["text"] is not None]
        person, manner = self.persons.get(name, name), manner_of(self.treatments.told)
        return surrogates_of("\n".join(texts), key=self.key, person=person, manner=manner)

    def _cell(self, one: Variable, value: object, made: Surrogates, keeps_type: bool) -> object:
        if one.source == self.treatments.told.person_column:
            text = value.isoformat() if isinstance(value, date) else str(value)
            return self.key.new_person(text)
        if keeps_type:
            new, kind = replaced_value(value, made)
            self.counts[kind] += 1
            return new
        if self.treatments.is_bytes(one):
            told = text_of(str(value))
            return self.key.digest("bytes", str(value)).hex() if told is None else self._text(told, made).encode().hex()
        return self._text(written(value), made)

    def _text(self, text: str, made: Surrogates) -> str:
        new, kind = known_replaced(text, made)
        self.counts[kind] += 1
        return new
