"""The end of a run that read files: what became of them, and what needs a look."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from glane.documents.parsed import Outcome
from glane.errors import RunError, UnusableError
from glane.ingestion.confinement import confinement_lines
from glane.ingestion.inventory import passed_lines, read_facts
from glane.ingestion.record import LOOK, DocumentCounts, IngestSummary, read_mark
from glane.run.directory import RunDirectory
from glane.run.summary import Summary, read_summary

WORK = "ingest"  # the name of this kind of work in `run.yaml`
_MOST_KINDS = 12
_FEW_PAGES = 8  # may all be white, where other documents have a text


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


def shortfall(counts: DocumentCounts) -> str | None:
    """What to say of pages that were given to a model if none of them came back with a text; None otherwise.

    A few pages without one are nothing strange, where other documents are whole.
    """
    pages = counts.pages_by_model + counts.pages_not_read
    has_few = pages < _FEW_PAGES and counts.outcomes.get(Outcome.OK, 0) > 0
    if not pages or has_few or counts.pages_by_model > counts.pages_without_text:
        return None
    told = [f"{number} not read: {why}" for why, number in counts.why_not_read.items()]
    if counts.pages_without_text:
        told.insert(0, f"{counts.pages_without_text} without text, as the model said")
    return f"ocr: no text came of any of {pages} pages that are pictures: {'; '.join(told)}"


def check_usable(directory: RunDirectory, place: str) -> None:
    """Refuse to call a run a success whose model read no page. `place` is its directory, as the user wrote it.

    Raises:
        UnusableError: with what became of the pages.
    """
    if not (directory.is_complete and directory.summary.exists()):
        return
    summary = ingest_summary(directory)
    if said := shortfall(summary.counts):
        raise UnusableError(
            f"{place}: {said}. The data set is kept: {summary.data_set}. See whether the model reads "
            "pictures and whether ocr.prompt, ocr.dpi, ocr.max_pixels and ocr.max_tokens fit it, and read into another "
            "data.path."
        )


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
    return [*lines, f"next     glane extract task=… model=… {shlex.quote(f'data.path={summary.data_set}')}"]


def _ocr_lines(counts: DocumentCounts) -> list[str]:
    if not counts.pages_by_model + counts.pages_not_read:
        return []
    empty = f" ({counts.pages_without_text} of them without text)" if counts.pages_without_text else ""
    return [
        f"ocr      {counts.pages_by_model} pages are what a model read in pictures{empty}: words may be wrong, missing "
        f"or made up; {counts.pages_not_read} pages could not be read",
        *(f"not read {number} pages: {why}" for why, number in counts.why_not_read.items()),
    ]


def _told(counts: Mapping[str, int]) -> str:
    shown = [f"{name} {number}" for name, number in list(counts.items())[:_MOST_KINDS]]
    return ", ".join(shown) + (", …" if len(counts) > _MOST_KINDS else "")
