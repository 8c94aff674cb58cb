"""The end of a run that read files: what became of them, and what needs a look."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from glane.errors import RunError
from glane.ingestion.confinement import confinement_lines
from glane.ingestion.inventory import passed_lines, read_facts
from glane.ingestion.record import LOOK, DocumentCounts, IngestSummary, read_mark
from glane.run.directory import RunDirectory
from glane.run.summary import Summary, read_summary

WORK = "ingest"  # the name of this kind of work in `run.yaml`
_MOST_KINDS = 12


def ingest_summary(directory: RunDirectory) -> IngestSummary:
    """The summary of a complete run; raises as `read_summary` does."""
    return read_summary(directory, IngestSummary)


def summarise(summary: Summary, directory: RunDirectory, folder: Path) -> IngestSummary:
    """The summary of a run with the counts of its data set.

    Raises:
        RunError: if the data set is gone.
    """
    mark = read_mark(folder)
    if mark is None:
        raise RunError(f"data.path: {folder} was changed while its run ended. Put it back and run the command again.")
    facts = read_facts(directory)
    more = {"data_set": str(folder), "counts": mark.counts, "passed_over": facts.passed_over}
    return IngestSummary.model_validate(dict(summary) | more)


def summary_lines(directory: RunDirectory) -> list[str]:
    """The summary as text. Names of files are left out: they may say who somebody is."""
    summary = ingest_summary(directory)
    counts = summary.counts
    near = "" if counts.near_duplicates is None else f", {counts.near_duplicates} nearly the same as an earlier one"
    lines = [
        f"data     {summary.data_set}/*.parquet",
        f"read     {counts.files} files > {counts.documents} documents: {_told(counts.outcomes)}",
        f"kinds    {_told(counts.media_types)}",
        f"copies   {counts.duplicates} with the bytes of an earlier document{near}",
        *_ocr_lines(counts),
        *passed_lines(summary.passed_over),
        *confinement_lines(directory),
        f"speed    {summary.rows_per_s} files/s over {summary.seconds_working} s",
    ]
    if counts.needs_a_look:
        lines.append(f"look at  {counts.needs_a_look}, listed in {summary.data_set}/{LOOK}")
    return [*lines, f"next     glane extract task=… model=… data.path={summary.data_set}"]


def _ocr_lines(counts: DocumentCounts) -> list[str]:
    if not counts.pages_by_model + counts.pages_not_read:
        return []
    return [
        f"ocr      {counts.pages_by_model} pages are what a model read in pictures: words may be wrong, missing or "
        f"made up; {counts.pages_not_read} pages could not be read"
    ]


def _told(counts: Mapping[str, int]) -> str:
    shown = [f"{name} {number}" for name, number in list(counts.items())[:_MOST_KINDS]]
    return ", ".join(shown) + (", …" if len(counts) > _MOST_KINDS else "")
