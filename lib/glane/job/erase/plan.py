"""A plan without some of its rows: they are not asked again, though the input still has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from glane.corpus.ids import ids_digest
from glane.corpus.plan import Facts, Plan, plan_of
from glane.corpus.unchanged import KnownFile

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fewer:
    """What of a shard goes: a mirror of its documents, in the order of its spans; and how many groups, with theirs."""

    goes: Mask
    ids: pa.Array  # of all its documents
    num_groups: int = 0  # that go
    group_ids: pa.Array | None = None  # that stay; None where documents are not grouped


def without_rows(plan: Plan, fewer: Mapping[int, Fewer]) -> Plan:
    """The plan without what `fewer` says of each shard. A shard that has no row left is in it no more."""
    tables: list[pa.Table] = []
    for shard in range(plan.num_shards):
        start, end = int(plan.shard_bounds[shard]), int(plan.shard_bounds[shard + 1])
        spans = plan.spans_from(start, end - start)
        if shard in fewer:
            spans = _without(plan, shard, spans, fewer[shard])
        if spans.num_rows:
            column = pa.array(np.full(spans.num_rows, len(tables)), pa.int32())
            tables.append(spans.set_column(spans.schema.get_field_index("shard"), spans.schema.field("shard"), column))
    spans = pa.concat_tables(tables)
    is_grouped = plan.num_documents is not None
    gone = sum(int(one.goes.sum()) for one in fewer.values())
    facts = Facts(
        files=plan.files,
        id_column=plan.id_column,
        num_read=plan.num_read - gone,
        num_selected=plan.num_selected - (sum(one.num_groups for one in fewer.values()) if is_grouped else gone),
        num_documents=None if plan.num_documents is None else plan.num_documents - gone,
    )
    return plan_of(
        facts, spans["shard"].to_numpy(), spans["num_selected"].to_numpy(),
        lambda first, length: spans.slice(first, length),
        num_groups=spans["num_groups"].to_numpy() if is_grouped else None,
    )  # fmt: skip


def with_files(plan: Plan, files: tuple[KnownFile, ...]) -> Plan:
    """The plan of the same rows, of files that are known otherwise now."""
    return replace(plan, files=files)


def _without(plan: Plan, shard: int, spans: pa.Table, fewer: Fewer) -> pa.Table:
    rows, start = [], 0
    for row, span in zip(spans.to_pylist(), plan.shard(shard).spans, strict=True):
        offsets = np.arange(span.num_rows) if span.selected is None else np.array(span.selected, np.int64)
        here = slice(start, start + len(offsets))
        start = here.stop
        stays = ~fewer.goes[here]
        if stays.all():
            rows.append(row)
        elif stays.any():
            ids = fewer.ids.slice(here.start, len(offsets)).filter(pa.array(stays))
            rows.append(row | _narrowed(row, offsets[stays], None if span.ids is None else ids_digest(ids)))
    if fewer.group_ids is not None:
        told = {"num_groups": len(fewer.group_ids), "group_ids": ids_digest(fewer.group_ids)}
        rows = [row | told for row in rows]
    return pa.Table.from_pylist(rows, spans.schema)


def _narrowed(row: Mapping[str, Any], offsets: npt.NDArray[np.int64], digest: bytes | None) -> dict[str, Any]:
    """The cells of a span that has these rows of it left, as a plan writes them."""
    first, size = int(offsets[0]), int(offsets[-1] - offsets[0]) + 1
    told = {
        "row_start": row["row_start"] + first, "num_rows": size, "num_selected": len(offsets), "ids": digest,
        "selected": None,
    }  # fmt: skip
    is_whole = size == len(offsets)
    if "offsets" in row:
        listed = None if is_whole else (offsets - first).astype(np.uint32).tobytes()
        return told | {"offsets": listed}
    if not is_whole:
        bits = np.zeros(size, np.bool_)
        bits[offsets - first] = True
        told["selected"] = np.packbits(bits).tobytes()
    return told
