"""What a reader of one format hands on: the columns, batches of rows, and what was found out on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from glane.errors import DataError
from glane.type_words import type_words

BATCH_ROWS = 16_384
BATCH_CHARS = 2**23


@dataclass(slots=True, kw_only=True)
class Reading:
    """A table under way. `notes` may grow until the last batch is taken."""

    schema: pa.Schema
    batches: Iterable[pa.Table]  # of that schema
    facts: dict[str, Any] = field(default_factory=dict)  # what `TableShape` tells besides
    notes: list[str] = field(default_factory=list)


@contextmanager
def reading_errors(source: Path) -> Iterator[None]:
    """Turn errors of the file system into a sentence about the file that is read.

    Raises:
        DataError: in place of an OSError.
    """
    try:
        yield
    except OSError as error:
        raise DataError(f"{source}: cannot be read ({error.strerror or type(error).__name__}).") from None


def named(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names of columns, each of them once and none of them empty; and notes of what was changed."""
    notes, taken, found = [], set(names), []
    seen = Counter[str]()
    for number, name in enumerate(names, 1):
        plain = name.strip() or f"column_{number}"
        seen[plain] += 1
        new = plain
        while seen[plain] > 1 and (new := f"{plain}_{seen[plain]}") in taken:
            seen[plain] += 1
        taken.add(new)
        found.append(new)
    if twins := [name for name, count in seen.items() if count > 1]:
        notes.append(f"several columns have one name, and the later ones a number behind it now: {listed(twins)}")
    if blank := [found[at] for at, name in enumerate(names) if not name.strip()]:
        notes.append(f"columns without a name are called {listed(blank)}")
    return found, notes


def listed(names: Sequence[str], most: int = 10) -> str:
    """Names as a note tells them: the first ones, and how many more."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def in_batches(table: pa.Table) -> Iterator[pa.Table]:
    """A table that is in memory, cut as row groups are written."""
    size = max(1, table.nbytes // BATCH_CHARS)
    rows = max(1, min(BATCH_ROWS, -(-table.num_rows // size)))
    for start in range(0, table.num_rows, rows):
        yield table.slice(start, rows)


def storable(schema: pa.Schema, source: Path) -> pa.Schema:
    """The schema as Parquet can hold it: columns that are null throughout are texts.

    Raises:
        DataError: naming a column whose type Parquet does not have.
    """
    fields = []
    for one in schema.remove_metadata():
        kind = pa.string() if pa.types.is_null(one.type) else one.type
        one = pa.field(one.name, kind)
        try:
            with pq.ParquetWriter(pa.BufferOutputStream(), pa.schema([one])):
                pass
        except pa.ArrowException:
            raise DataError(
                f"{source}: column {one.name!r} is {type_words(kind)}, which Parquet does not have. Make it a text "
                "or a number "
                "where the table is made, or leave it out."
            ) from None
        fields.append(one)
    return pa.schema(fields)
