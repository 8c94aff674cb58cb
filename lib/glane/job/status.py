"""The state of runs and their batch jobs, for people and for scripts. Imports neither ray nor vllm."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from glane.cluster.paced import PacedJobs
from glane.cluster.scheduler import PENDING, Job
from glane.cluster.schedulers import find_jobs
from glane.extraction.summary import WORK, extraction_summary, shortfall
from glane.run.description import read_description
from glane.run.directory import RunDirectory
from glane.run.overview import Overview, WorkerView, overview
from glane.settings import StatusSettings

_MOST_JOBS = 12
_MOST_WORKERS = 32


def show_status(settings: StatusSettings) -> None:
    """Print the state of the runs. With `watch`, repeat it until all are complete or no worker or job is left.

    Raises:
        RunError: if a directory holds no run.
    """
    runs = settings.all_runs()
    console = Console(highlight=False, soft_wrap=True)
    if not settings.watch:
        _print(_read_runs(runs, find_jobs), settings, console)
        return
    paced = PacedJobs(find_jobs)
    with Live(console=console, auto_refresh=False, transient=False) as live:
        while True:
            states = _read_runs(runs, paced)
            if console.is_terminal and not settings.json_output:
                live.update(Group(*(_view(run, jobs) for run, jobs in states)), refresh=True)
            else:
                _print(states, settings, console)
            if all(run.state == "complete" or not _is_going_on(run, jobs) for run, jobs in states):
                return
            time.sleep(settings.every_s)


def _read_runs(runs: Sequence[str], ask: Callable[[Sequence[str]], list[Job]]) -> list[tuple[Overview, list[Job]]]:
    """Each run with its jobs; the scheduler is asked once for all of them."""
    found = [overview(path) for path in runs]
    names = list(dict.fromkeys(name for run in found for name in run.job_names))
    jobs = {job.name: job for job in (ask(names) if names else ())}
    return [(run, [jobs[name] for name in run.job_names if name in jobs]) for run in found]


def _is_going_on(run: Overview, jobs: Sequence[Job]) -> bool:
    return bool(run.workers) or any(job.is_known and not job.is_over for job in jobs)


def _print(states: list[tuple[Overview, list[Job]]], settings: StatusSettings, console: Console) -> None:
    if settings.json_output:
        values = [_as_json(run, jobs) for run, jobs in states]
        print(json.dumps(values if settings.runs else values[0], ensure_ascii=False), flush=True)
        return
    for run, jobs in states:
        console.print(_view(run, jobs))


def _as_json(run: Overview, jobs: Sequence[Job]) -> dict[str, Any]:
    return run.as_json() | {"shortfall": _shortfall(run), "jobs": [asdict(job) for job in jobs]}


def _shortfall(run: Overview) -> str | None:
    """What is said of a complete extraction of which too little is usable."""
    directory = RunDirectory(root=Path(run.run).absolute())
    if run.state != "complete" or (description := read_description(directory)).work != WORK:
        return None
    min_share = description.settings["run"].get("min_usable_share", 0.0)  # a run of an earlier glane has none
    return shortfall(extraction_summary(directory), min_share)


def _view(run: Overview, jobs: Sequence[Job]) -> RenderableType:
    what = f" ({run.task}, {run.model})" if run.task else ""
    parts: list[RenderableType] = [Text(f"{run.run}{what}: {run.state}")]
    if run.planned:
        parts.append(Text(_bar(run.done / run.planned)))
    if said := _shortfall(run):
        parts.append(Text(f"UNUSABLE   {said}"))
    statuses = ", ".join(f"{status} {count}" for status, count in run.statuses.items()) or "none yet"
    unit = "documents  " if run.documents is None else f"groups     (of {run.documents} documents) "
    parts.append(Text(f"{unit}{run.done} of {run.planned} done; committed: {statuses}; not usable: {run.rejected}"))
    stale = f", {run.stale_claims} claim(s) of workers that are gone" if run.stale_claims else ""
    parts.append(
        Text(f"shards     {run.shards_done} of {run.shards_planned} done, {run.shards_in_flight} in flight{stale}")
    )
    parts.append(Text(f"speed      {run.rows_per_s:.1f} rows/s, {run.tokens_per_s:.0f} tokens/s, ETA {_eta(run)}"))
    if run.engine_deaths:
        parts.append(Text(f"deaths     {run.engine_deaths} engine(s) died so far"))
    if run.workers:
        parts.append(_worker_table(run.workers[:_MOST_WORKERS]))
        if len(run.workers) > _MOST_WORKERS:
            parts.append(Text(f"… and {len(run.workers) - _MOST_WORKERS} more workers"))
    shown = _shown_first(jobs)[:_MOST_JOBS]
    for job in shown:
        again = f", requeued {job.requeues} time(s)" if job.requeues else ""
        parts.append(
            Text(f"job {job.name}: {job.shown_state}, {job.elapsed or '0:00'} of {job.time_limit or '?'}{again}")
        )
    if more := Counter(job.state for job in jobs if job not in shown):
        parts.append(Text(f"… and {', '.join(f'{count} {state}' for state, count in more.most_common())}"))
    parts.extend(Text(line) for line in run.errors)
    return Group(*parts, Text(""))


def _shown_first(jobs: Sequence[Job]) -> list[Job]:
    """Those at work, then those that wait, then those that are over, the latest first."""
    at_work = [job for job in jobs if job.is_known and not job.is_over and job.state != PENDING]
    waiting = [job for job in jobs if job.state == PENDING]
    others = [job for job in reversed(jobs) if job not in at_work and job not in waiting]
    return [*at_work, *waiting, *others]


def _worker_table(workers: Sequence[WorkerView]) -> Table:
    table = Table(
        "worker", "host", "job", "state", "shards", "window", "rows/s", "memory", "GPU", box=None, pad_edge=False
    )
    for worker in workers:
        gpus = "; ".join(f"{gpu.busy_percent}% {gpu.memory_mib}/{gpu.memory_total_mib} MiB" for gpu in worker.gpu_use)
        table.add_row(
            worker.worker,
            worker.host,
            worker.job or "-",
            worker.state if worker.silent_s < 30 else f"{worker.state}, silent for {worker.silent_s:.0f} s",
            str(worker.shards_in_flight),
            f"{worker.in_window}/{worker.window_size}",
            f"{worker.rows_per_s:.1f}",
            f"{worker.memory_mib} MiB",
            gpus or "-",
        )
    return table


def _bar(share: float, width: int = 60) -> str:
    filled = int(width * min(share, 1.0))
    return "█" * filled + "░" * (width - filled) + f" {100 * share:.1f}%"


def _eta(run: Overview) -> str:
    if run.state == "complete":
        return "done"
    if run.eta_s is None:
        return "unknown"
    return f"{run.eta_s // 3600}:{run.eta_s % 3600 // 60:02}:{run.eta_s % 60:02}"
