"""Digests of the ids of each span of a plan, by which later readers prove that they have the planned documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from glane.corpus.ids import IdsDigest, ids_digest
from glane.corpus.plan import Plan
from glane.corpus.read import SpanReader
from glane.corpus.readable import is_out_of_range
from glane.corpus.shard import Shard
from glane.errors import DataError, RunError
from glane.types import DOCUMENTS

_BATCH_ROWS = 65_536


def with_digests(plan: Plan, *, id_column: str, number_rows: bool = False, checked_columns: Sequence[str] = ()) -> Plan:
    """Read the ids of all selected rows, and return the plan with the digest of each span: 8 bytes a span.

    `checked_columns` are read, too: columns of times that a result could not hold.

    Raises:
        DataError: if a file has changed since it was inspected, or a checked column holds a time that is out of range.
    """
    ids_of = None if number_rows else id_column
    reader = SpanReader(plan.files, id_column=ids_of, columns=checked_columns, batch_rows=_BATCH_ROWS)
    digests = bytearray()
    for span in plan.spans():
        digest = IdsDigest()
        for ids, batch in reader.read(span):
            digest.add(ids)
            refuse_out_of_range(batch, checked_columns, plan.files[span.file_index].path, span.row_group)
        digests += digest.digest()
    return with_span_digests(plan, bytes(digests), id_column=id_column)


def refuse_out_of_range(batch: pa.RecordBatch, names: Sequence[str], path: str, row_group: int) -> None:
    """Refuse columns that hold a time that a result could not hold.

    Raises:
        DataError: naming the column.
    """
    if odd := [name for name in names if is_out_of_range(batch.column(name))]:
        raise DataError(
            f"{path}: column {odd[0]!r} holds a time that is out of range, in row group {row_group}: no reader could "
            "open the result. Mend it, or leave it out of data.carry_columns."
        )


def with_span_digests(plan: Plan, digests: bytes, *, id_column: str) -> Plan:
    """The plan with the digest of each of its spans, 8 bytes each. `id_column` is that of the result."""
    column = pa.FixedSizeBinaryArray.from_buffers(pa.binary(8), plan.num_spans, [None, pa.py_buffer(digests)])

    def spans_from(start: int, length: int) -> pa.Table:
        spans = plan.spans_from(start, length)
        return spans.set_column(spans.schema.get_field_index("ids"), "ids", column.slice(start, length))

    return replace(plan, id_column=id_column, spans_from=spans_from)


def prove_shard(shard: Shard, rows: pa.Table, *, id_column: str | None) -> None:
    """Prove that `rows` are those of a shard, in order: by their number, and by their ids if there are digests.

    Raises:
        RunError: if they are others.
    """
    if shard.num_groups is not None:
        _prove_groups(shard, rows, id_column)
        return
    sizes = [span.num_selected for span in shard.spans]
    if rows.num_rows != sum(sizes):
        raise RunError(f"shard {shard.index} has {rows.num_rows} rows, and {sum(sizes)} are planned.")
    if id_column is None:
        return
    ids = rows.column(id_column)
    for span, start in zip(shard.spans, np.cumsum([0, *sizes]), strict=False):
        if span.ids is not None and ids_digest(ids.slice(int(start), span.num_selected)) != span.ids:
            raise RunError(f"shard {shard.index} has other ids than planned.")


def _prove_groups(shard: Shard, rows: pa.Table, id_column: str | None) -> None:
    if rows.num_rows != shard.num_groups:
        raise RunError(f"shard {shard.index} has {rows.num_rows} groups, and {shard.num_groups} are planned.")
    if id_column is not None and ids_digest(rows.column(id_column)) != shard.group_ids:
        raise RunError(f"shard {shard.index} has other groups than planned.")
    held = pc.sum(pc.list_value_length(rows.column(DOCUMENTS))).as_py()
    if held != shard.num_documents:
        raise RunError(
            f"shard {shard.index} has {held} documents in its groups, and {shard.num_documents} are planned."
        )
