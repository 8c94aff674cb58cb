"""The plan: which rows make which shard. Made once per run, and read by every worker."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field as Key

from glane.corpus.shard import Shard, Span
from glane.corpus.unchanged import KnownFile
from glane.errors import RunError
from glane.parquet import open_parquet, parquet_writer
from glane.validation import Strict

if TYPE_CHECKING:  # these load Polars, which who only reads a plan does not need
    from glane.corpus.files import InputFile
    from glane.corpus.select import Selected

_SCHEMA = pa.schema(
    [
        pa.field("shard", pa.int32()),
        pa.field("file", pa.int32()),
        pa.field("row_group", pa.int32()),
        pa.field("row_start", pa.int64()),
        pa.field("num_rows", pa.int64()),
        pa.field("num_selected", pa.int64()),
        # A bit per row from row_start on; null means all. For half of the rows, a list would take 32 times as much.
        pa.field("selected", pa.binary()),
        pa.field("ids", pa.binary(8)),  # the digest of the selected ids, by which a worker proves that it reads them
    ]
)
# Of a plan of groups: of those that are scattered, few rows are in each row group, and offsets take less than bits.
GROUPED_SCHEMA = pa.schema(
    [
        *_SCHEMA,
        pa.field("offsets", pa.large_binary()),  # uint32 from row_start on; null means all rows of the span
        pa.field("num_groups", pa.int64()),  # of the shard
        pa.field("group_ids", pa.binary(8)),  # the digest of the shard's groups, in the order of the result
    ]
)
_SPANS_AT_ONCE = 4096
_ROWS_OF_MANY = 2048  # rows per shard of a large run, unless that makes more than _MANY_SHARDS
_MANY_SHARDS = 100_000  # each shard is a file, and all are in one directory
LEAST_ROWS = 16  # rows per shard: with fewer, files cost more than work
Counts = npt.NDArray[np.int64]


class Facts(Strict):
    """What a plan is about, in the metadata of its file."""

    files: tuple[KnownFile, ...]
    id_column: str | None = None
    num_read: int
    num_selected: int
    num_documents: int | None = Key(default=None, exclude_if=lambda value: value is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The shards of a run over `files`: `num_selected` of their `num_read` rows.

    Where documents are grouped, `num_selected` counts groups, and `num_documents` the rows in them.

    `spans_from(start, length)` returns spans as a table. A plan that was made has them in memory. A plan that was read
    reads them from its file, so that a worker holds 16 bytes per shard, however many rows a shard has.
    """

    files: tuple[KnownFile, ...]
    id_column: str | None  # whose digests the spans have; None if they have none
    num_read: int
    num_selected: int
    shard_bounds: Counts  # spans of shard i: shard_bounds[i] to shard_bounds[i + 1]
    shard_rows: Counts  # how many rows of shard i are asked about
    spans_from: Callable[[int, int], pa.Table]
    num_documents: int | None = None

    @property
    def num_spans(self) -> int:
        """How many spans all shards have together."""
        return int(self.shard_bounds[-1])

    @property
    def num_shards(self) -> int:
        """How many shards there are."""
        return len(self.shard_rows)

    @property
    def num_large(self) -> int:
        """How many shards come before the small ones, which are last in the plan and kept for the end of the run."""
        large = np.flatnonzero(self.shard_rows * 2 > self.shard_rows.max(initial=0))
        return int(large[-1]) + 1 if len(large) else 0

    def shard(self, index: int) -> Shard:
        """Return shard `index`, counted from 0."""
        start, end = int(self.shard_bounds[index]), int(self.shard_bounds[index + 1])
        rows = self.spans_from(start, end - start).to_pylist()
        spans = tuple(map(_span, rows))
        return Shard(index=index, spans=spans, num_groups=rows[0].get("num_groups"), group_ids=rows[0].get("group_ids"))

    def spans(self) -> Iterator[Span]:
        """All spans, shard by shard: in input order, unless documents are grouped."""
        for start in range(0, self.num_spans, _SPANS_AT_ONCE):
            rows = self.spans_from(start, min(_SPANS_AT_ONCE, self.num_spans - start)).to_pylist()
            yield from map(_span, rows)


def _span(row: Mapping[str, Any]) -> Span:
    return Span(
        file_index=row["file"],
        row_group=row["row_group"],
        row_start=row["row_start"],
        num_rows=row["num_rows"],
        selected=_offsets(row["selected"], row["num_rows"], row.get("offsets")),
        ids=row["ids"],
    )


def _offsets(selected: bytes | None, num_rows: int, listed: bytes | None) -> tuple[int, ...] | None:
    if listed is not None:
        return tuple(np.frombuffer(listed, np.uint32).tolist())
    if selected is None:
        return None
    bits = np.unpackbits(np.frombuffer(selected, np.uint8), count=num_rows)
    return tuple(np.flatnonzero(bits).tolist())


def shard_size(num_selected: int, shard_rows: int | Literal["auto"]) -> int:
    """Rows per shard: `shard_rows`, or by "auto" few enough for many workers to share the run, without many files."""
    if shard_rows != "auto":
        return shard_rows
    return min(max(_ROWS_OF_MANY, -(-num_selected // _MANY_SHARDS)), max(LEAST_ROWS, num_selected // 64))


def make_plan(
    files: Sequence[InputFile],
    selected: Selected,
    *,
    shard_rows: int,
    shard_bytes: int,
    tapers: bool = False,
    digests: Sequence[str] | None = None,
) -> Plan:
    """Cut the selected rows into shards of at most `shard_rows` rows and about `shard_bytes` bytes of text.

    Small row groups share a shard; large ones are cut. If `tapers`, the shards of the last quarter of the rows are
    smaller, and those of the last eighth smaller still, so that all workers end at about the same time. `digests` are
    those of the files' contents. The plan has no digests of ids yet: see `glane.corpus.proof`.
    """
    waiting: list[tuple[int, int, int, int, int, int, bytes | None, None]] = []
    batches: list[pa.RecordBatch] = []
    shard, rows_in_shard, num_left = 0, 0, selected.num_selected
    for file_index, row_group, num_rows, row_bytes in _groups(files):
        limit = max(1, min(shard_rows, int(shard_bytes / max(row_bytes, 1))))
        mask = selected.mask(file_index, row_group, num_rows)
        positions = np.arange(num_rows) if mask is None else np.flatnonzero(mask)
        while len(positions):
            share = share_left(num_left / selected.num_selected) if tapers else 1
            bound = max(limit // share, min(limit, LEAST_ROWS))
            if rows_in_shard >= bound:
                shard, rows_in_shard = shard + 1, 0
            taken, positions = np.split(positions, [min(bound - rows_in_shard, len(positions))])
            num_left -= len(taken)
            start, end = int(taken[0]), int(taken[-1]) + 1
            is_whole = mask is None or len(taken) == end - start
            bits = None if mask is None or is_whole else np.packbits(mask[start:end]).tobytes()
            waiting.append((shard, file_index, row_group, start, end - start, len(taken), bits, None))
            rows_in_shard += len(taken)
        if len(waiting) >= _SPANS_AT_ONCE:
            batches.append(_batch(waiting))
            waiting = []
    if waiting:
        batches.append(_batch(waiting))
    spans = pa.Table.from_batches(batches, schema=_SCHEMA)
    return plan_of(
        Facts(
            files=tuple(file.known(digest) for file, digest in zip(files, digests or repeat(""), strict=False)),
            num_read=selected.num_read,
            num_selected=selected.num_selected,
        ),
        spans["shard"].to_numpy(),
        spans["num_selected"].to_numpy(),
        lambda start, length: spans.slice(start, length),
    )


def share_left(left: float) -> int:
    """The number of parts that a shard is cut into when `left` (0 to 1) of all rows are left.

    It follows guided self-scheduling (Polychronopoulos and Kuck 1987), in three steps only, because the number of
    workers is not known and may change.
    """
    return 1 if left > 0.25 else 3 if left > 0.125 else 6


def _groups(files: Sequence[InputFile]) -> Iterator[tuple[int, int, int, float]]:
    for file_index, file in enumerate(files):
        for row_group, (num_rows, num_bytes) in enumerate(file.row_groups):
            if num_rows:
                yield file_index, row_group, num_rows, num_bytes / num_rows


def _batch(spans: Sequence[tuple[Any, ...]]) -> pa.RecordBatch:
    columns = [pa.array(column, field.type) for column, field in zip(zip(*spans, strict=True), _SCHEMA, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=_SCHEMA)


def plan_of(
    facts: Facts,
    shard_of_span: npt.NDArray[np.int32],
    num_selected: Counts,
    spans_from: Callable[[int, int], pa.Table],
    *,
    num_groups: Counts | None = None,
) -> Plan:
    """A plan of spans that are in the order of their shards. `num_groups` is that of the shard of each span."""
    bounds = np.searchsorted(shard_of_span, np.arange(int(shard_of_span[-1]) + 2))
    return Plan(
        files=facts.files,
        id_column=facts.id_column,
        num_read=facts.num_read,
        num_selected=facts.num_selected,
        shard_bounds=bounds,
        shard_rows=np.add.reduceat(num_selected, bounds[:-1]) if num_groups is None else num_groups[bounds[:-1]],
        spans_from=spans_from,
        num_documents=facts.num_documents,
    )


def write_plan(plan: Plan, sink: Any) -> None:
    """Write a plan as Parquet. Files and counts go into the metadata of the file."""
    facts = Facts(
        files=plan.files,
        id_column=plan.id_column,
        num_read=plan.num_read,
        num_selected=plan.num_selected,
        num_documents=plan.num_documents,
    )
    kind = _SCHEMA if plan.num_documents is None else GROUPED_SCHEMA
    schema = kind.with_metadata({"glane": facts.model_dump_json()})
    with parquet_writer(sink, schema) as writer:
        for start in range(0, plan.num_spans, _SPANS_AT_ONCE):
            spans = plan.spans_from(start, min(_SPANS_AT_ONCE, plan.num_spans - start))
            writer.write_table(spans.replace_schema_metadata(schema.metadata))


def read_plan(path: Path) -> Plan:
    """Read what `write_plan` wrote. Its spans stay in the file, and are read when they are needed.

    Raises:
        RunError: if the file is damaged, or of another version of glane.
    """
    try:
        return _read_plan(path)
    except (pa.ArrowException, KeyError, TypeError, ValueError):
        raise RunError(f"{path}: damaged, or made by another version of glane. Choose another run.dir.") from None


def _read_plan(path: Path) -> Plan:
    with open_parquet(path) as parquet:
        facts = Facts.model_validate_json(parquet.schema_arrow.metadata[b"glane"])
        shard_of_span = parquet.read(["shard"])["shard"].to_numpy()
        num_selected = parquet.read(["num_selected"])["num_selected"].to_numpy()
        groups = None
        if facts.num_documents is not None:
            groups = parquet.read(["num_groups"])["num_groups"].to_numpy()
        firsts = np.cumsum([0] + [parquet.metadata.row_group(i).num_rows for i in range(parquet.num_row_groups)])
    return plan_of(facts, shard_of_span, num_selected, _StoredSpans(path, firsts).read, num_groups=groups)


class _StoredSpans:
    """The spans of a plan in its file. The last row group is kept in memory, because shards are taken in order."""

    def __init__(self, path: Path, firsts: Counts) -> None:
        self._path, self._firsts = path, firsts
        self._latest: tuple[int, pa.Table] | None = None

    def read(self, start: int, length: int) -> pa.Table:
        first = int(np.searchsorted(self._firsts, start, side="right")) - 1
        last = int(np.searchsorted(self._firsts, start + length - 1, side="right")) - 1
        groups = [self._row_group(index) for index in range(first, last + 1)]
        return pa.concat_tables(groups).slice(start - int(self._firsts[first]), length)

    def _row_group(self, index: int) -> pa.Table:
        latest = self._latest
        if latest is None or latest[0] != index:
            with open_parquet(self._path) as parquet:
                latest = self._latest = (index, parquet.read_row_group(index))
        return latest[1]
