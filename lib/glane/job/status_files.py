"""A run that reads files, in the words of its own work: files and documents, and not rows, tokens and answers."""

from __future__ import annotations

from pathlib import Path

from glane.ingestion.record import LOOK
from glane.ingestion.summary import WORK, ingest_summary
from glane.run.directory import RunDirectory
from glane.run.overview import Overview
from glane.types import Status

FILES = "files to documents"  # the work of such a run, where others have a task
_BECAME = {  # of files, by the status that the run keeps of them
    Status.OK: "{num} read whole",
    Status.EMPTY: "{num} without text",
    Status.INVALID: "{num} not read whole",
    Status.REJECTED: "{num} beyond a limit",
}


def reads_files(run: Overview) -> bool:
    """Whether a run reads files into a data set."""
    return run.work == WORK


def files_lines(run: Overview) -> list[str]:
    """What became of the files; of a complete run, also what documents there are, and which need a look."""
    became = [_BECAME[Status(status)].format(num=count) for status, count in run.statuses.items()]
    lines = [f"files      {run.done} of {run.planned} done: {', '.join(became) or 'none yet'}"]
    if run.state != "complete":
        return lines
    summary = ingest_summary(RunDirectory(root=Path(run.run).absolute()))
    outcomes = ", ".join(f"{name} {count}" for name, count in summary.counts.outcomes.items())
    lines.append(f"documents  {summary.counts.documents} in {summary.data_set}: {outcomes}")
    if summary.counts.needs_a_look:
        lines.append(f"look at    {summary.counts.needs_a_look}, listed in {summary.data_set}/{LOOK}")
    return lines
