"""What becomes of each column of an export whose identifiers are replaced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from glane.exports.bundle import Kind, Table, Variable
from glane.exports.record import Treatment
from glane.exports.walk import instance, members
from glane.settings.pseudonymise import ExportPseudonyms
from glane.types import DOCUMENTS, NORMALISED

PASSAGE = ("quote", "start", "end", "document")
_OF_TEXTS = frozenset({"value", "input", "annotation", "evidence", "result"})  # roles of columns that may hold texts
_OF_VALUES = frozenset({"value", "input", "annotation"})  # and of those that may hold dates and numbers
_TIMES: frozenset[Kind] = frozenset({"date", "datetime"})
_NUMBERS: frozenset[Kind] = frozenset({"integer", "number"})
_MOST_NAMES = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Treatments:
    """How columns are treated."""

    told: ExportPseudonyms
    bytes: Mapping[str, bool]  # columns of the run that leave as hexadecimal digits; and whether they are lists of them

    def of(self, one: Variable, table: Table) -> Treatment | None:
        """What becomes of a column; None of the run's own that tell nothing of a person."""
        if one.name == table.key[0] or is_document(one):
            return "left" if self.told.keep_ids else "replaced"
        if self.is_whole(one):
            return "replaced"
        if one.role == "input" and self.bytes.get(one.source, False):
            return "left"
        if one.role in _OF_TEXTS and one.kind == "text":
            return "searched"
        if not is_value(one):
            return None
        if one.kind in _TIMES:
            return "shifted" if self.told.dates == "shifted" else "compared"
        if one.kind in _NUMBERS:
            return "compared"
        return "left" if one.role != "annotation" and one.kind != "boolean" else None

    def is_whole(self, one: Variable) -> bool:
        """Whether a column is one of the person, replaced as a whole."""
        column, of_person = one.source.partition(".")[0], (self.told.person_column, *self.told.known_columns)
        return one.role == "input" and (one.source in of_person or column in of_person)

    def is_bytes(self, one: Variable) -> bool:
        """Whether a column holds bytes, of which the hexadecimal digits leave."""
        return one.role == "input" and one.source in self.bytes


def bytes_in(schema: Mapping[str, pl.DataType], prefix: str = "") -> dict[str, bool]:
    """The columns of a schema that hold bytes, also in records and lists, by the names that an export has for them."""
    found: dict[str, bool] = {}
    for name, kind in schema.items():
        inner = instance(kind.inner) if isinstance(kind, pl.List) else kind
        if isinstance(inner, pl.Struct):
            found |= bytes_in(members(inner), f"{prefix}{name}.")
        elif isinstance(inner, pl.Binary):
            found[f"{prefix}{name}"] = inner is not kind
    return found


def is_value(one: Variable) -> bool:
    """Whether a column may hold a date or a number that tells something of a person."""
    return one.role in _OF_VALUES and not one.source.endswith("__count")


def is_quote(one: Variable) -> bool:
    """Whether a column holds passages."""
    return one.role == "evidence" and one.source.endswith("__quote")


def is_document(one: Variable) -> bool:
    """Whether a column holds ids of documents, as runs of groups have them."""
    return one.source == f"{DOCUMENTS}.document" or (one.role == "evidence" and one.source.endswith("__document"))


def precisions_of(one: Variable, table: Table) -> list[str | None]:
    """To what each date of a column is precise; None where no column tells it."""
    stem, is_normalised, _ = one.source.partition(f"__{NORMALISED}.")
    found = table.variable(f"{stem}__{NORMALISED}.precision" if is_normalised else f"{one.source}__precision")
    return [None] * table.rows.height if found is None else table.rows[found.name].cast(pl.String).to_list()


def named(columns: Sequence[str]) -> str:
    """The first of some columns, and how many more there are."""
    more = len(columns) - _MOST_NAMES
    return ", ".join([*columns[:_MOST_NAMES], *([f"… and {more} more"] if more > 0 else [])])
