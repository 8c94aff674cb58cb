"""Many runs on a terminal, a line each: first those that somebody should look at."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from glane.cluster.job_groups import job_groups
from glane.cluster.scheduler import COMPLETED, PENDING, Job
from glane.errors import visible
from glane.extraction.summary import WORK, extraction_summary, shortfall
from glane.ingestion.summary import ingest_summary
from glane.ingestion.summary import shortfall as pages_shortfall
from glane.job.status_files import FILES, reads_files
from glane.job.status_view import eta
from glane.languages import as_read, in_language
from glane.run.directory import RunDirectory
from glane.run.overview import SILENT_S, Overview

_MOST_GROUPS = 3
ENDED = ("complete", "damaged")
"""States of a run that no worker changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """A run at one moment, with those of its jobs that the scheduler was asked about."""

    path: str
    run: Overview | None
    error: str = ""  # why it cannot be read, where `run` is None
    jobs: tuple[Job, ...] = ()

    @property
    def has_job(self) -> bool:
        """Whether a job of it is at work, or waits."""
        return any(job.is_live for job in self.jobs)

    @property
    def is_going_on(self) -> bool:
        """Whether looking again may show something else."""
        return self.run is not None and self.run.state not in ENDED and (bool(self.run.workers) or self.has_job)


class Rank(enum.IntEnum):
    """Runs in the order in which they are shown."""

    STOPPED = 0  # nothing goes on, or it cannot be used
    DOUBTFUL = 1  # it goes on, and something is wrong
    WORKING = 2
    WAITING = 3
    COMPLETE = 4


_NEEDED = "{num} need attention"
_TOLD = {Rank.WORKING: "{num} working", Rank.WAITING: "{num} waiting", Rank.COMPLETE: "{num} complete"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """How urgent it is to look at a run, and why."""

    rank: Rank
    note: str = ""

    @property
    def is_needed(self) -> bool:
        """Whether somebody should look."""
        return self.rank <= Rank.DOUBTFUL


def attention(state: RunState) -> Attention:
    """Judge one run by its workers, jobs and deaths of engines, or by its result."""
    run = state.run
    if run is None:
        return Attention(rank=Rank.STOPPED, note=state.error)
    if run.state == "complete":
        said = shortfall_of(run)
        return Attention(rank=Rank.STOPPED, note=f"unusable: {said}") if said else Attention(rank=Rank.COMPLETE)
    if run.state == "damaged":
        return Attention(rank=Rank.STOPPED, note=run.errors[-1])
    if not run.workers and not state.has_job:
        return Attention(rank=Rank.STOPPED, note=_why_stopped(state, run))
    doubts = []
    if silent := sum(worker.silent_s >= SILENT_S for worker in run.workers):
        doubts.append(f"{silent} worker(s) silent")
    if run.engine_deaths:
        doubts.append(f"{run.engine_deaths} engine(s) died")
    if run.refused:
        doubts.append(f"{len(run.refused)} connection(s) to other machines refused")
    if failed := [job for job in state.jobs if job.is_over and job.state != COMPLETED]:
        doubts.append(f"{len(failed)} job(s) {failed[0].state}")
    if doubts:
        return Attention(rank=Rank.DOUBTFUL, note=", ".join(doubts))
    return Attention(rank=Rank.WORKING if run.workers else Rank.WAITING, note=_why_waiting(state))


def by_attention(states: Sequence[RunState]) -> list[RunState]:
    """Runs in the order in which they are shown: those that need somebody first, then by name."""
    return sorted(states, key=lambda state: (attention(state).rank, state.path))


def shortfall_of(run: Overview | None) -> str | None:
    """What is said of a complete extraction of which too little is usable, or a reading whose model read no page."""
    if run is None or run.state != "complete":
        return None
    if reads_files(run):
        return pages_shortfall(ingest_summary(RunDirectory(root=Path(run.run).absolute())).counts)
    if run.work != WORK:
        return None
    usable = run.statuses.get("OK", 0)
    if usable and usable >= run.least_usable * run.planned:  # the summary need not be read for what is as usual
        return None
    return shortfall(extraction_summary(RunDirectory(root=Path(run.run).absolute())), run.least_usable)


def runs_view(states: Sequence[RunState]) -> RenderableType:
    """A table of runs in this order, and how many there are of each kind."""
    heads = map(in_language, ("run", "task", "model", "state", "done", "not usable", "rows/s", "ETA", "jobs"))
    table = Table(*heads, "", box=None, pad_edge=False)
    kinds: Counter[str] = Counter()  # by the template of what is said of them
    for state in states:
        wanted = attention(state)
        kinds[_NEEDED if wanted.is_needed else _TOLD[wanted.rank]] += 1
        table.add_row(*(Text(visible(cell)) for cell in _cells(state, wanted)))
    told = ", ".join(kind.format(num=count) for kind, count in kinds.items())
    return Group(table, Text(in_language(f"{len(states)} run(s): {told}")))


def _cells(state: RunState, wanted: Attention) -> list[str]:
    run = state.run
    mark = "! " if wanted.is_needed else ""
    if run is None:
        return [state.path, "", "", f"! {in_language('unreadable')}", "", "", "", "", "", in_language(wanted.note)]
    share = f"{run.done}/{run.planned} ({100 * run.done / run.planned:.0f}%)" if run.planned else "-"
    rate = as_read(f"{run.rows_per_s:.1f}") if run.state != "planning" else "-"
    groups = [group.text for group in job_groups(state.jobs)]
    told = "; ".join(groups[-_MOST_GROUPS:]) + (f"; {len(groups) - _MOST_GROUPS} more" if groups[_MOST_GROUPS:] else "")
    how = [
        f"{mark}{in_language(run.state)}",
        share,
        str(run.rejected),
        rate,
        eta(run),
        in_language(told.removeprefix("job ")),
    ]
    task = in_language(FILES) if reads_files(run) else run.task
    return [state.path, task, run.model, *how, in_language(wanted.note)]


def _why_stopped(state: RunState, run: Overview) -> str:
    failed = [job for job in state.jobs if job.is_over and job.state != COMPLETED]
    last = f"; {run.errors[-1].partition(' ')[2]}" if run.errors else ""
    if failed:
        return f"nothing works on it: job {failed[-1].name} {failed[-1].shown_state}{last}"
    if any(not job.is_known for job in state.jobs):
        return f"no worker, and the scheduler does not know its job {state.jobs[-1].name}{last}"
    return f"nothing works on it{last}"


def _why_waiting(state: RunState) -> str:
    waiting = [job for job in state.jobs if job.state == PENDING]
    return waiting[0].shown_state if waiting and not any(job.is_at_work for job in state.jobs) else ""
