"""The plan: which rows make which shard. Made once per run, and read by every worker."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from glane.corpus.files import InputFile
from glane.corpus.select import Selected
from glane.types import Shard, Span

_SCHEMA = pa.schema(
    [
        pa.field("shard", pa.int32()),
        pa.field("file", pa.int32()),
        pa.field("row_group", pa.int32()),
        pa.field("row_start", pa.int64()),
        pa.field("num_rows", pa.int64()),
        pa.field("selected", pa.list_(pa.int32())),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The shards of a run over the files `paths`, with `num_read` input rows behind `num_selected` asked ones."""

    paths: tuple[str, ...]
    num_read: int
    num_selected: int
    shard_bounds: np.ndarray[Any, np.dtype[np.int64]]  # spans of shard i: shard_bounds[i] to shard_bounds[i + 1]
    spans: pa.Table

    @property
    def num_shards(self) -> int:
        """How many shards there are."""
        return len(self.shard_bounds) - 1

    def shard(self, index: int) -> Shard:
        """Return shard `index`, counted from 0."""
        start, end = int(self.shard_bounds[index]), int(self.shard_bounds[index + 1])
        rows = self.spans.slice(start, end - start).to_pylist()
        return Shard(
            index=index,
            spans=tuple(
                Span(
                    file_index=row["file"],
                    row_group=row["row_group"],
                    row_start=row["row_start"],
                    num_rows=row["num_rows"],
                    selected=None if row["selected"] is None else tuple(row["selected"]),
                )
                for row in rows
            ),
        )


def shard_size(num_selected: int, shard_rows: int | Literal["auto"]) -> int:
    """Rows per shard: as asked, or enough shards to share among many workers without being many files."""
    return shard_rows if shard_rows != "auto" else min(2048, max(16, num_selected // 64))


def make_plan(files: Sequence[InputFile], selected: Selected, *, shard_rows: int, shard_bytes: int) -> Plan:
    """Cut the selected rows into shards of at most `shard_rows` rows and about `shard_bytes` bytes of text.

    Small row groups share a shard; large ones are cut.
    """
    columns: dict[str, list[Any]] = {name: [] for name in _SCHEMA.names}
    shard, rows_in_shard = 0, 0
    for file_index, row_group, num_rows, row_bytes in _groups(files):
        limit = max(1, min(shard_rows, int(shard_bytes / max(row_bytes, 1))))
        mask = selected.mask(file_index, row_group, num_rows)
        positions = np.arange(num_rows) if mask is None else np.flatnonzero(mask)
        while len(positions):
            if rows_in_shard >= limit:
                shard, rows_in_shard = shard + 1, 0
            taken, positions = np.split(positions, [min(limit - rows_in_shard, len(positions))])
            start, end = int(taken[0]), int(taken[-1]) + 1
            columns["shard"].append(shard)
            columns["file"].append(file_index)
            columns["row_group"].append(row_group)
            columns["row_start"].append(start)
            columns["num_rows"].append(end - start)
            columns["selected"].append(None if len(taken) == end - start else (taken - start).tolist())
            rows_in_shard += len(taken)
    return _plan(
        tuple(str(Path(file.path).resolve()) for file in files),
        selected.num_read,
        selected.num_selected,
        pa.table(columns, schema=_SCHEMA),
    )


def _groups(files: Sequence[InputFile]) -> Iterator[tuple[int, int, int, float]]:
    for file_index, file in enumerate(files):
        for row_group, (num_rows, num_bytes) in enumerate(file.row_groups):
            if num_rows:
                yield file_index, row_group, num_rows, num_bytes / num_rows


def _plan(paths: tuple[str, ...], num_read: int, num_selected: int, spans: pa.Table) -> Plan:
    shards = spans["shard"].to_numpy()
    bounds = np.searchsorted(shards, np.arange(int(shards[-1]) + 2))
    return Plan(paths=paths, num_read=num_read, num_selected=num_selected, shard_bounds=bounds, spans=spans)


def write_plan(plan: Plan, sink: Any) -> None:
    """Write a plan as Parquet; paths and counts go into the file's metadata."""
    facts = {"paths": list(plan.paths), "num_read": plan.num_read, "num_selected": plan.num_selected}
    pq.write_table(plan.spans.replace_schema_metadata({"glane": json.dumps(facts)}), sink, compression="zstd")


def read_plan(path: Path) -> Plan:
    """Read what `write_plan` wrote."""
    spans = pq.read_table(path)
    facts = json.loads(spans.schema.metadata[b"glane"])
    return _plan(tuple(facts["paths"]), facts["num_read"], facts["num_selected"], spans)
