"""How many values of a result were found in reference tables, or brought into one form, by field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from glane.parquet import open_parquet
from glane.types import LOOKUP, NORMALISED
from glane.validation import Strict

_READ = "read"  # a value that was brought into one form


class DerivedCounts(Strict):
    """The values of one field, or member of a record, by what became of them."""

    field: str
    what: Literal["lookup", "normalised"]
    by: Mapping[str, int]  # how they were found; or "read", and the reasons of those that were not


def derived_counts(records: Sequence[Path], fields: Collection[str]) -> tuple[DerivedCounts, ...]:
    """Count in the published `records` of a task with these `fields`."""
    counts: dict[tuple[str, Literal["lookup", "normalised"]], Counter[str]] = {}
    for path in records:
        with open_parquet(path) as parquet:
            schema = parquet.schema_arrow
            names = [one.name for one in schema if one.name.partition("__")[0] in fields and _is_derived(one)]
            if not names:
                return ()
            for batch in parquet.iter_batches(columns=names):
                for name in names:
                    for field, what, outcomes in _outcomes(name, batch[name]):
                        counts.setdefault((field, what), Counter()).update(outcomes)
    return tuple(DerivedCounts(field=field, what=what, by=dict(by)) for (field, what), by in counts.items())


def derived_lines(counts: Sequence[DerivedCounts]) -> list[str]:
    """A line per field, for the end of a run."""
    return [
        f"{one.what:<10} {one.field}: " + (", ".join(f"{many} {how}" for how, many in one.by.items()) or "no value")
        for one in counts
    ]


def _is_derived(field: pa.Field) -> bool:
    """Whether a column is derived of values, or holds such a member."""
    kind = field.type
    while pa.types.is_list(kind):
        kind = kind.value_type
    if not pa.types.is_struct(kind):
        return False
    return field.name.endswith((f"__{LOOKUP}", f"__{NORMALISED}")) or any(map(_is_derived, kind))


def _outcomes(name: str, column: pa.Array) -> Iterator[tuple[str, Literal["lookup", "normalised"], list[str]]]:
    while pa.types.is_list(column.type):
        column = pc.list_flatten(column)
    if not pa.types.is_struct(column.type):
        return
    stem, _, what = name.rpartition("__")
    there = column.filter(column.is_valid())
    if what == LOOKUP and stem:
        yield stem, "lookup", pc.struct_field(there, "how").to_pylist()
    elif what == NORMALISED and stem:
        yield stem, "normalised", pc.struct_field(there, "reason").fill_null(_READ).to_pylist()
    else:
        for member in column.type:
            yield from _outcomes(f"{name}.{member.name}", pc.struct_field(there, member.name))
