"""The summary of a complete run that embeds: how many chunks have vectors, and of how many dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow.compute as pc

from glane.embedding.columns import CHUNKS
from glane.parquet import open_parquet
from glane.records import left_out
from glane.run.directory import RunDirectory
from glane.run.summary import Summary, read_summary
from glane.toys import notice_lines
from glane.types import Toy


class EmbeddingSummary(Summary):
    """The counts of every run, and what was embedded."""

    chunks: int
    dimensions: int
    toy: Toy | None = left_out()


def embedding_summary(directory: RunDirectory) -> EmbeddingSummary:
    """The summary of a complete run; raises as `read_summary` does."""
    return read_summary(directory, EmbeddingSummary)


def summarise(summary: Summary, records: Sequence[Path], *, toy: Toy | None) -> EmbeddingSummary:
    """The summary with the counts of the published files."""
    chunks = 0
    for path in records:
        with open_parquet(path) as parquet:
            dimensions = parquet.schema_arrow.field(CHUNKS).type.value_type.field("vector").type.list_size
            for batch in parquet.iter_batches(columns=[f"{CHUNKS}.list.element.chunk"]):
                chunks += pc.sum(pc.list_value_length(batch[CHUNKS])).as_py() or 0
    more = {"chunks": chunks, "dimensions": dimensions, "toy": toy}
    return EmbeddingSummary.model_validate(dict(summary) | more)


def summary_lines(directory: RunDirectory) -> list[str]:
    """The summary as text."""
    summary = embedding_summary(directory)
    flow = summary.flow
    statuses = ", ".join(f"{status} {count}" for status, count in flow.statuses().items())
    return [
        *notice_lines(summary.toy),
        f"records  {directory.records}/*.parquet",
        f"flow     read {flow.read} > selected {flow.selected} > {statuses}",
        f"vectors  {summary.chunks} chunks, {summary.dimensions} dimensions, of length 1",
        f"tokens   {summary.tokens.prompt}",
        f"speed    {summary.rows_per_s} rows/s over {summary.seconds_working} s",
    ]
