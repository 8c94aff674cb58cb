"""Makes the Arrow table of a part file from the extractions of its rows."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from glane.run.repeats import DIGEST, DUPLICATE
from glane.task.arrow import Column
from glane.task.result import RESULT_COLUMNS
from glane.types import Extraction


def record_table(
    kept: pa.Table, extractions: Sequence[Extraction], digests: Sequence[bytes | None], columns: Sequence[Column]
) -> pa.Table:
    """Return one row per input row: its `kept` columns, the task's `columns`, then status and counts.

    `digests` are those of what each row says (`glane.run.repeats`).
    """
    arrays = [kept.column(name) for name in kept.column_names]
    fields = list(kept.schema)
    for column in columns:
        values = [None if row.found is None else column.read(row.found[column.field]) for row in extractions]
        arrays.append(_array(values, column.type))
        fields.append(pa.field(column.name, column.type))
    for result in RESULT_COLUMNS:
        cells = [result.read(row, digest) for row, digest in zip(extractions, digests, strict=True)]
        kind = DIGEST if result.name == DUPLICATE else result.type
        arrays.append(_array(cells, kind))
        fields.append(pa.field(result.name, kind))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _array(values: list[object], kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return pa.array(values, kind.value_type).dictionary_encode().cast(kind)
    return pa.array(values, kind)
