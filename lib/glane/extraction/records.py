"""From judged rows to the Arrow table of a part: the columns of every result, and how they are filled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from glane.task.arrow import Column
from glane.types import Extraction

RESULT_COLUMNS = (
    pa.field("status", pa.dictionary(pa.int32(), pa.string())),
    pa.field("reason", pa.string()),
    pa.field("finish_reason", pa.dictionary(pa.int32(), pa.string())),
    pa.field("prompt_tokens", pa.int32()),
    pa.field("output_tokens", pa.int32()),
    pa.field("duplicate", pa.bool_()),
    pa.field("chunks", pa.int32()),
    pa.field("repairs", pa.int32()),
    pa.field("broken_rules", pa.list_(pa.string())),
    pa.field("leaked_from_example", pa.list_(pa.string())),
)


def record_table(
    kept: pa.Table, extractions: Sequence[Extraction], duplicates: Sequence[bool], columns: Sequence[Column]
) -> pa.Table:
    """Return one row per input: what is kept of it, the task's `columns`, then status and counts."""
    arrays = [kept.column(name) for name in kept.column_names]
    fields = list(kept.schema)
    for column in columns:
        values = [None if row.found is None else column.read(row.found[column.field]) for row in extractions]
        arrays.append(_array(values, column.type))
        fields.append(pa.field(column.name, column.type))
    rows: Mapping[str, list[object]] = {
        "status": [str(row.status) for row in extractions],
        "reason": [row.reason for row in extractions],
        "finish_reason": [row.finish_reason for row in extractions],
        "prompt_tokens": [row.num_prompt_tokens for row in extractions],
        "output_tokens": [row.num_output_tokens for row in extractions],
        "duplicate": list(duplicates),
        "chunks": [row.num_chunks for row in extractions],
        "repairs": [row.num_repairs for row in extractions],
        "broken_rules": [row.broken_rules for row in extractions],
        "leaked_from_example": [row.leaked for row in extractions],
    }
    for column in RESULT_COLUMNS:
        arrays.append(_array(rows[column.name], column.type))
        fields.append(column)
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _array(values: list[object], kind: pa.DataType) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return pa.array(values, kind.value_type).dictionary_encode().cast(kind)
    return pa.array(values, kind)
