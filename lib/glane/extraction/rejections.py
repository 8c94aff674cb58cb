"""Rejections by death: documents that are rejected because engines died with them, in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.compute as pc

from glane.errors import visible
from glane.parquet import open_parquet
from glane.run.directory import RunDirectory
from glane.run.suspects import REASON
from glane.storage import listed
from glane.types import Status

_REASONS = [REASON, "the engine dies when it is asked this document alone: "]  # the second of an earlier glane
_ID_LENGTH = 40  # characters: an id may be a text
_MOST_LISTED = 20


def rejection_lines(directory: RunDirectory, *, id_column: str, run_dir: str) -> list[str]:
    """The documents of a complete run that are rejected for deaths, a line each, and how to ask them again.

    No line if there are none. `run_dir` is the directory as the user wrote it.
    """
    found = [
        f"  {_safe(row[id_column])}: {row['reason']}"
        for path in listed(directory.records, "*.parquet")
        for row in _rejected(path, id_column)
    ]
    if not found:
        return []
    more = len(found) - _MOST_LISTED
    return [
        f"rejected because engines died with them: {len(found)} document(s)",
        *found[:_MOST_LISTED],
        *([f"  … and {more} more, in the rows with the status REJECTED"] if more > 0 else []),
        f"  data.only_rejected_of={run_dir} asks what was rejected again, in a new run.dir",
    ]


def _rejected(path: Path, id_column: str) -> Iterator[dict[str, str | int]]:
    with open_parquet(path) as parquet:
        for batch in parquet.iter_batches(columns=[id_column, "status", "reason"]):
            is_rejected = pc.equal(batch["status"].cast("string"), str(Status.REJECTED))
            reason = batch["reason"].cast("string")
            by_death = pc.or_(*(pc.starts_with(reason, one) for one in _REASONS))
            yield from batch.filter(pc.and_(is_rejected, by_death)).to_pylist()


def _safe(document_id: str | int) -> str:
    """An id for a terminal: one line, without control characters, and short."""
    shown = visible(" ".join(str(document_id).split()))
    return shown if len(shown) <= _ID_LENGTH else f"{shown[:_ID_LENGTH]}…"
