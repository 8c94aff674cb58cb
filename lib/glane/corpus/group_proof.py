"""What is proved of groups before they are asked: digests of the documents' ids, and columns with one value a group."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from glane.corpus.columns import is_string
from glane.corpus.group_plan import row_groups
from glane.corpus.groups import Groups
from glane.corpus.ids import ids_digest
from glane.corpus.plan import Plan
from glane.corpus.proof import refuse_out_of_range, with_span_digests
from glane.corpus.read import SpanReader
from glane.errors import DataError, told

_BATCH_ROWS = 65_536


def with_group_digests(
    plan: Plan,
    groups: Groups,
    *,
    id_column: str,
    group_by: str,
    number_rows: bool = False,
    shared_columns: Sequence[str] = (),
    checked_columns: Sequence[str] = (),
) -> Plan:
    """Read the ids of all documents, in input order, and return the plan with the digest of each span.

    `shared_columns` are checked to have one value in each group (null is one); 8 bytes a group for each. For
    `checked_columns` see `glane.corpus.proof.with_digests`.

    Raises:
        DataError: if a file has changed, a group has two values in a shared column, or a time is out of range.
    """
    columns = list(dict.fromkeys([*shared_columns, *checked_columns]))
    reader = SpanReader(
        plan.files, id_column=None if number_rows else id_column, columns=columns, batch_rows=_BATCH_ROWS
    )
    digests = np.zeros((plan.num_spans, 8), np.uint8)
    shared = {name: _OneValue(name, groups) for name in shared_columns}
    start = 0
    for span, owners in row_groups(plan):
        path, parts = plan.files[span.file_index].path, []
        for ids, batch in reader.read(span):
            refuse_out_of_range(batch, checked_columns, path, span.row_group)
            for name, one in shared.items():
                one.take(groups.numbers[start : start + len(ids)], batch.column(name), path)
            start += len(ids)
            parts.append(ids)
        _digest_each(pa.chunked_array(parts).combine_chunks(), owners, digests)
    return with_span_digests(plan, digests.tobytes(), id_column=group_by)


def _digest_each(ids: pa.Array, owners: npt.NDArray[np.int64], digests: npt.NDArray[np.uint8]) -> None:
    """Set the digests of the spans that own these ids."""
    order = np.argsort(owners, kind="stable")
    ids, owners = ids.take(pa.array(order)), owners[order]
    firsts = np.flatnonzero(np.diff(owners, prepend=-1))
    for first, end in zip(firsts, np.append(firsts[1:], len(owners)), strict=True):
        found = ids_digest(ids.slice(int(first), int(end - first)))
        digests[owners[first]] = np.frombuffer(found, np.uint8)


class _OneValue:
    """Refuses a second value of a column in a group. It keeps the hash of the first one."""

    def __init__(self, name: str, groups: Groups) -> None:
        self._name, self._ids = name, groups.ids
        self._hashes = np.zeros(groups.count, np.uint64)
        self._is_known = np.zeros(groups.count, np.bool_)

    def take(self, numbers: npt.NDArray[np.int32], column: pa.Array, path: str) -> None:
        hashes = _hashes(column)
        found, firsts = np.unique(numbers, return_index=True)
        is_new = ~self._is_known[found]
        self._hashes[found[is_new]] = hashes[firsts[is_new]]
        self._is_known[found] = True
        differing = np.flatnonzero(self._hashes[numbers] != hashes)
        if len(differing):
            group = self._ids[int(numbers[differing[0]])].as_py()
            raise DataError(
                f"{path}: column {self._name!r} has several values in the group {told(group)}, and perhaps in others. "
                "A group is one row, which carries one value of a column, and whose prompt has one. Leave it out of "
                "data.carry_columns and task.inputs; what differs from document to document is found by the ids in "
                "the column documents."
            )


def _hashes(column: pa.Array) -> npt.NDArray[np.uint64]:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if isinstance(column, pa.ExtensionArray):
        column = column.storage
    if is_string(column.type):  # which may not be UTF-8
        column = column.cast(pa.large_binary())
    return cast(pl.Series, pl.from_arrow(column)).hash().to_numpy()
