"""The runs of a comparison, and what they have in common: fields and documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from glane.assess.compare.record import Cost
from glane.errors import DataError, did_you_mean
from glane.task.fields import Field, ListField, ObjectField
from glane.task.signs import SIGNS
from glane.type_words import both_type_words
from glane.types import Toy


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One run to compare."""

    name: str
    fields: Mapping[str, Field]
    rows: pl.LazyFrame  # every row, whatever its status
    id_column: str
    task: str = ""  # this and what follows is told beside the measures
    model: str = ""
    toy: Toy | None = None
    settings: Mapping[str, str] = field(default_factory=dict)  # those that differ between the runs
    cost: Cost | None = None


def shared_fields(candidates: Sequence[Candidate], wanted: Sequence[str]) -> dict[str, Field]:
    """The fields that every run asked for, records as far as all have them.

    Raises:
        DataError: if there is none, or a wanted one is not among them.
    """
    found = dict(candidates[0].fields)
    for other in candidates[1:]:
        found = {
            name: common
            for name, one in found.items()
            if name in other.fields and (common := _shared(one, other.fields[name])) is not None
        }
    if strange := [name for name in wanted if name not in found]:
        raise DataError(f"fields: {strange[0]!r} is no field that all runs share. {did_you_mean(strange[0], found)}")
    if not found:
        asked = "; ".join(f"{one.name}: {', '.join(one.fields)}" for one in candidates)
        raise DataError(f"runs: no field is in all of them with the same type. They asked for {asked}.")
    return {name: one for name, one in found.items() if not wanted or name in wanted}


def _shared(field: Field, other: Field) -> Field | None:
    """The field as far as both have it, with the first's rule; None where they cannot be compared."""
    if isinstance(field, ListField) and isinstance(other, ListField):
        items = _shared(field.items, other.items)
        if items is None:
            return None
        kept = items.fields if isinstance(items, ObjectField) else ()
        return field.model_copy(update={"items": items, "keys": tuple(key for key in field.keys if key in kept)})
    if isinstance(field, ObjectField) and isinstance(other, ObjectField):
        inner = {
            name: common
            for name, one in field.fields.items()
            if name in other.fields and (common := _shared(one, other.fields[name])) is not None
        }
        return field.model_copy(update={"fields": inner}) if inner else None
    return None if isinstance(field, ListField | ObjectField) else field.common(other)


def shared_ids(candidates: Sequence[Candidate]) -> pl.DataFrame:
    """The documents that every run has, in the order of the first."""
    first = candidates[0]
    kind = first.rows.collect_schema()[first.id_column]
    ids = first.rows.select(first.id_column)
    for other in candidates[1:]:
        if other.id_column != first.id_column:
            raise DataError(
                f"runs: {other.name} has its ids in {other.id_column!r}, {first.name} in {first.id_column!r}. "
                "Compare runs of the same documents."
            )
        if (found := other.rows.collect_schema()[other.id_column]) != kind:
            told, first_told = both_type_words(found, kind)
            raise DataError(f"runs: the ids of {other.name} are {told}, those of {first.name} {first_told}.")
        ids = ids.join(other.rows.select(first.id_column), on=first.id_column, how="semi", maintain_order="left")
    found_ids = ids.collect()
    if found_ids.is_empty():
        samples = "; ".join(
            f"{one.name}: {', '.join(map(str, one.rows.select(one.id_column).head(3).collect().to_series()))}, …"
            for one in candidates
        )
        raise DataError(f"runs: no document is in all of them. Their ids: {samples}.")
    return found_ids


def aligned(one: Candidate, ids: pl.DataFrame, fields: Mapping[str, Field]) -> pl.DataFrame:
    """The rows of a run in the order of the ids."""
    schema = one.rows.collect_schema()
    needed = dict.fromkeys([one.id_column, "status", *fields, *(f"{name}__precision" for name in fields), *SIGNS])
    rows = one.rows.select(name for name in needed if name in schema)
    rows = rows.join(ids.lazy(), on=one.id_column, how="semi")
    return ids.join(rows.collect(), on=one.id_column, how="left", maintain_order="left")
