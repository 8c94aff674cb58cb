"""Makes the Arrow table of a part file from the extractions of its rows."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from glane.extraction.kept import KeptRows
from glane.run.repeats import DIGEST, DUPLICATE
from glane.task.arrow import Column
from glane.task.result import RESULT_COLUMNS, REUSED
from glane.types import Extraction


def record_table(
    kept: pa.Table,
    extractions: Sequence[Extraction],
    digests: Sequence[bytes | None],
    columns: Sequence[Column],
    *,
    known: KeptRows | None = None,
) -> pa.Table:
    """Return one row per input row: its `kept` columns, the task's `columns`, then status and counts.

    `digests` are those of what each row says (`glane.run.repeats`). `known` are the values of a run that is extended:
    extractions that say so take from there what they do not have.
    """
    arrays = [kept.column(name) for name in kept.column_names]
    fields = list(kept.schema)
    is_reused = pa.array([row.reused for row in extractions])
    for column in columns:
        is_known = known is not None and column.field in known.fields
        values = [_value(row, column, is_known=is_known and row.reused) for row in extractions]
        found = pa.array(values, _plain(column.type))
        if known is not None and is_known:
            found = pc.if_else(is_reused, known.table[column.name].combine_chunks(), found)
        arrays.append(_encoded(found, column.type))
        fields.append(pa.field(column.name, column.type))
    for result in (*RESULT_COLUMNS, *([] if known is None else [REUSED])):
        cells = [result.read(row, digest) for row, digest in zip(extractions, digests, strict=True)]
        kind = DIGEST if result.name == DUPLICATE else result.type
        arrays.append(_encoded(pa.array(cells, _plain(kind)), kind))
        fields.append(pa.field(result.name, kind))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _value(row: Extraction, column: Column, *, is_known: bool) -> object:
    return None if row.found is None or is_known else column.read(row.found[column.field])


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _encoded(array: pa.Array, kind: pa.DataType) -> pa.Array:
    return array.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else array
