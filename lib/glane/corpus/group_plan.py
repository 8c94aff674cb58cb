"""The plan of a run over groups: a shard holds whole groups, wherever in the input their documents are.

Rows that stand together in a row group are one span, as in every plan. Of a row group whose rows belong to many shards,
each of these shards has a span with the offsets of its rows: 4 bytes a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import repeat

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from glane.corpus.files import InputFile
from glane.corpus.groups import Groups, Numbers
from glane.corpus.ids import ids_digest
from glane.corpus.plan import GROUPED_SCHEMA, LEAST_ROWS, Facts, Plan, plan_of, share_left
from glane.corpus.select import Selected
from glane.corpus.shard import Span

_SPANS_AT_ONCE = 4096


def make_group_plan(
    files: Sequence[InputFile],
    selected: Selected,
    *,
    shard_rows: int,
    shard_bytes: int,
    tapers: bool = False,
    digests: Sequence[str] | None = None,
) -> Plan:
    """Cut the groups into shards of at most `shard_rows` groups and about `shard_bytes` bytes of text, as `make_plan`.

    A group is never cut: one that is larger than `shard_bytes` is a shard of its own.
    """
    groups = selected.groups
    assert groups is not None
    bounds = _shard_bounds(_group_bytes(files, selected, groups), shard_rows, shard_bytes, tapers)
    spans = _spans(files, selected, groups, bounds)
    spans = spans.take(pa.array(np.argsort(spans["shard"].to_numpy(), kind="stable")))
    sizes = np.diff(bounds)
    shard_of_span = spans["shard"].to_numpy()
    of_shards = [ids_digest(groups.ids.slice(int(low), int(size))) for low, size in zip(bounds, sizes, strict=False)]
    every = pa.array(of_shards, pa.binary(8)).take(pa.array(shard_of_span))
    for name, column in (("num_groups", pa.array(sizes[shard_of_span], pa.int64())), ("group_ids", every)):
        spans = spans.set_column(spans.schema.get_field_index(name), GROUPED_SCHEMA.field(name), column)
    return plan_of(
        Facts(
            files=tuple(file.known(digest) for file, digest in zip(files, digests or repeat(""), strict=False)),
            num_read=selected.num_read,
            num_selected=groups.count,
            num_documents=selected.num_selected,
        ),
        shard_of_span,
        spans["num_selected"].to_numpy(),
        lambda start, length: spans.slice(start, length),
        num_groups=spans["num_groups"].to_numpy(),
    )


def row_groups(plan: Plan) -> Iterator[tuple[Span, Numbers]]:
    """The planned rows of each row group, in input order, as one span, and for each row the number of its own span.

    It is for who reads all documents once: shard by shard, a row group would be read for every shard in it.
    """
    files, groups, starts, rows = (np.zeros(plan.num_spans, np.int64) for _ in range(4))
    listed: list[npt.NDArray[np.uint32] | None] = []
    for start in range(0, plan.num_spans, _SPANS_AT_ONCE):
        table = plan.spans_from(start, min(_SPANS_AT_ONCE, plan.num_spans - start))
        here = slice(start, start + table.num_rows)
        for column, name in ((files, "file"), (groups, "row_group"), (starts, "row_start"), (rows, "num_rows")):
            column[here] = table[name].to_numpy()
        listed += [None if cell is None else np.frombuffer(cell, np.uint32) for cell in table["offsets"].to_pylist()]
    order = np.lexsort((groups, files))
    cuts = np.flatnonzero((np.diff(files[order]) != 0) | (np.diff(groups[order]) != 0)) + 1
    for members in np.split(order, cuts):
        places = [starts[one] + (np.arange(rows[one]) if listed[one] is None else listed[one]) for one in members]
        owners = np.repeat(members, [len(one) for one in places])
        joined = np.concatenate(places).astype(np.int64)
        inside = np.argsort(joined)
        joined = joined[inside]
        first, end = int(joined[0]), int(joined[-1]) + 1
        is_whole = len(joined) == end - first
        span = Span(
            file_index=int(files[members[0]]),
            row_group=int(groups[members[0]]),
            row_start=first,
            num_rows=end - first,
            selected=None if is_whole else tuple((joined - first).tolist()),
        )
        yield span, owners[inside]


def _group_bytes(files: Sequence[InputFile], selected: Selected, groups: Groups) -> npt.NDArray[np.float64]:
    """About how many bytes of text each group has, by the mean of the row groups that its rows are in."""
    found = np.zeros(groups.count)
    for file_index, row_group, _, numbers in _rows(files, selected, groups):
        num_rows, num_bytes = files[file_index].row_groups[row_group]
        held, counts = np.unique(numbers, return_counts=True)
        found[held] += counts * (num_bytes / num_rows)
    return found


def _shard_bounds(sizes: npt.NDArray[np.float64], shard_rows: int, shard_bytes: int, tapers: bool) -> Numbers:
    """The groups of shard i are those from bound i to bound i + 1."""
    total, upto, bounds = len(sizes), np.cumsum(sizes), [0]
    while (first := bounds[-1]) < total:
        share = share_left((total - first) / total) if tapers else 1
        before = float(upto[first - 1]) if first else 0.0
        fitting = int(np.searchsorted(upto, before + shard_bytes, side="right")) - first
        limit = max(1, min(shard_rows, fitting))
        bounds.append(min(total, first + max(limit // share, min(limit, LEAST_ROWS))))
    return np.array(bounds)


def _spans(files: Sequence[InputFile], selected: Selected, groups: Groups, bounds: Numbers) -> pa.Table:
    """The spans of all shards, by row group."""
    batches = []
    for file_index, row_group, positions, numbers in _rows(files, selected, groups):
        shards = np.searchsorted(bounds, numbers, side="right") - 1
        order = np.argsort(shards, kind="stable")  # within a shard, in input order
        positions, shards = positions[order], shards[order]
        firsts = np.flatnonzero(np.diff(shards, prepend=-1))
        ends = np.append(firsts[1:], len(shards))
        starts, lengths = positions[firsts], positions[ends - 1] + 1 - positions[firsts]
        counts = ends - firsts
        offsets = (positions - np.repeat(starts, counts)).astype(np.uint32)
        is_scattered = counts < lengths
        batches.append(
            pa.table(
                {
                    "shard": shards[firsts].astype(np.int32),
                    "file": np.full(len(firsts), file_index, np.int32),
                    "row_group": np.full(len(firsts), row_group, np.int32),
                    "row_start": starts,
                    "num_rows": lengths,
                    "num_selected": counts,
                    "selected": pa.nulls(len(firsts), pa.binary()),
                    "ids": pa.nulls(len(firsts), pa.binary(8)),
                    "offsets": _cells(offsets[np.repeat(is_scattered, counts)], counts, is_scattered),
                    "num_groups": pa.nulls(len(firsts), pa.int64()),
                    "group_ids": pa.nulls(len(firsts), pa.binary(8)),
                },
                schema=GROUPED_SCHEMA,
            )
        )
    return pa.concat_tables(batches).combine_chunks()


def _cells(offsets: npt.NDArray[np.uint32], counts: Numbers, is_there: npt.NDArray[np.bool_]) -> pa.Array:
    """The offsets of each span as bytes, null where all rows of the span are meant."""
    ends = np.concatenate(([0], np.cumsum(np.where(is_there, 4 * counts, 0)))).astype(np.int64)
    buffers = [
        pa.py_buffer(np.packbits(is_there, bitorder="little").tobytes()),
        pa.py_buffer(ends.tobytes()),
        pa.py_buffer(offsets.tobytes()),
    ]
    return pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(counts), buffers)


def _rows(
    files: Sequence[InputFile], selected: Selected, groups: Groups
) -> Iterator[tuple[int, int, Numbers, npt.NDArray[np.int32]]]:
    """File, row group, positions and groups of the selected rows of each row group that has any."""
    start = 0
    for file_index, file in enumerate(files):
        for row_group, (rows, _) in enumerate(file.row_groups):
            mask = selected.mask(file_index, row_group, rows)
            positions = np.arange(rows) if mask is None else np.flatnonzero(mask)
            if len(positions):
                yield file_index, row_group, positions, groups.numbers[start : start + len(positions)]
            start += len(positions)
