"""The summary of a complete extraction: its own counts, added to those of every run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pydantic import ConfigDict

from glane.drift import DriftBrief
from glane.extraction.prediction import Predicted
from glane.records import left_out
from glane.run.directory import RunDirectory
from glane.run.summary import Summary, Tokens, read_summary
from glane.toys import notice_lines
from glane.types import Toy
from glane.validation import Strict


class ReadingCounts(Strict):
    """Counts of chunks, repeated prompts, broken rules and the like."""

    chunks: int
    repairs: int
    rows_with_broken_rules: int
    rows_with_leaks: int


class ExtractionSummary(Summary):
    """`summary.json` of an extraction."""

    model_config = ConfigDict(extra="forbid")

    reading: ReadingCounts
    predicted: Predicted | None = None  # only if a pilot was named
    sentinels: DriftBrief | None = None  # what they say of drift
    toy: Toy | None = left_out()  # the answers are no results


def extraction_summary(directory: RunDirectory) -> ExtractionSummary:
    """The counts of a complete extraction; raises as `glane.run.summary.read_summary` does."""
    return read_summary(directory, ExtractionSummary)


def summarise(summary: Summary, records: Sequence[Path], *, toy: Toy | None = None) -> ExtractionSummary:
    """Count tokens, duplicates, chunks, repairs, broken rules and leaks in the published `records`."""
    counts: Counter[str] = Counter()
    names = ["prompt_tokens", "output_tokens", "duplicate", "chunks", "repairs", "broken_rules", "leaked_from_example"]
    for path in records:
        with pq.ParquetFile(path) as parquet:
            for batch in parquet.iter_batches(columns=names):
                counts.update(
                    prompt=_total(batch["prompt_tokens"]),
                    output=_total(batch["output_tokens"]),
                    asked=_total(pc.greater(batch["prompt_tokens"], 0)),  # a duplicate has no tokens
                    duplicates=_total(batch["duplicate"]),
                    chunks=_total(batch["chunks"]),
                    repairs=_total(batch["repairs"]),
                    broken=_total(pc.greater(pc.list_value_length(batch["broken_rules"]), 0)),
                    leaked=_total(pc.greater(pc.list_value_length(batch["leaked_from_example"]), 0)),
                )
    flow = summary.flow.model_copy(update={"duplicates": counts["duplicates"], "asked": counts["asked"]})
    reading = ReadingCounts(
        chunks=counts["chunks"],
        repairs=counts["repairs"],
        rows_with_broken_rules=counts["broken"],
        rows_with_leaks=counts["leaked"],
    )
    tokens = Tokens(prompt=counts["prompt"], output=counts["output"])
    return ExtractionSummary(**{**dict(summary), "flow": flow, "tokens": tokens, "reading": reading, "toy": toy})


def _total(column: pa.Array) -> int:
    """The sum of the values that are not null; for booleans, the number of true ones."""
    return int(pc.sum(column).as_py() or 0)


def summary_lines(directory: RunDirectory, summary: ExtractionSummary) -> list[str]:
    """The summary as text: where the files are, and the number of rows from input to output."""
    flow, tokens, reading = summary.flow, summary.tokens, summary.reading
    statuses = ", ".join(f"{status} {count}" for status, count in flow.statuses().items())
    return [
        *notice_lines(summary.toy),
        f"records  {_shown(directory.records)}/*.parquet",
        f"summary  {_shown(directory.summary)}",
        f"flow     read {flow.read} > selected {flow.selected} > duplicates {flow.duplicates} > "
        f"asked {flow.asked} > {statuses}",
        f"reading  {reading.chunks} chunks, {reading.repairs} repairs, "
        f"{reading.rows_with_broken_rules} rows that break a rule, {reading.rows_with_leaks} with a leak",
        f"tokens   prompt {tokens.prompt}, output {tokens.output}",
        f"speed    {summary.rows_per_s} rows/s over {summary.seconds_working} s",
    ]


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
