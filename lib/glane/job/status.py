"""The state of runs and their batch jobs, for people and for scripts. Imports neither ray nor vllm."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live

from glane.cluster.job_groups import job_groups
from glane.cluster.paced import PacedJobs
from glane.cluster.scheduler import Job
from glane.cluster.schedulers import find_jobs, least_poll_s
from glane.errors import GlaneError
from glane.job.status_table import ENDED, RunState, attention, by_attention, runs_view, shortfall_of
from glane.job.status_view import run_view
from glane.run.find import find_all_runs
from glane.run.overview import Overview, overview
from glane.settings import StatusSettings

Ask = Callable[[Sequence[str]], list[Job]]
_PIPE_WIDTH = 400
_PAUSE_FACTOR = 5  # of the time that a look takes: 10,000 runs on a slow file system take a while


def show_status(settings: StatusSettings) -> None:
    """Print the state of the runs. With `watch`, repeat it until all are complete or no worker or job is left.

    Raises:
        RunError: if a directory that is named alone holds no run, or a pattern matches none.
    """
    look = _looker(settings)
    # A table for a pipe is not broken to the width of a terminal.
    width = _PIPE_WIDTH if settings.runs and not sys.stdout.isatty() else None
    console = Console(highlight=False, soft_wrap=True, width=width)
    if not settings.watch:
        _print(look(find_jobs), settings, console)
        return
    paced = PacedJobs(find_jobs, are_many=bool(settings.runs), first_s=least_poll_s())
    with Live(console=console, auto_refresh=False, transient=False) as live:
        while True:
            began = time.monotonic()
            states = look(paced)
            if console.is_terminal and not settings.json_output:
                live.update(_view(states, settings), refresh=True)
            else:
                _print(states, settings, console)
            if not any(state.is_going_on for state in states):
                return
            time.sleep(max(settings.every_s, _PAUSE_FACTOR * (time.monotonic() - began)))


def _looker(settings: StatusSettings) -> Callable[[Ask], list[RunState]]:
    """What looks at the runs of the settings again and again, each time with one question to the scheduler."""
    if settings.run.dir is not None:
        path = settings.run.dir
        return lambda ask: _with_jobs([(path, overview(path))], ask)
    complete: dict[str, Overview] = {}  # they stay as they are

    def look(ask: Ask) -> list[RunState]:
        found: list[tuple[str, Overview | str]] = []
        for path in find_all_runs(settings.runs):
            seen = complete[path] if path in complete else _seen(path)
            if not isinstance(seen, str) and seen.state in ENDED:
                complete[path] = seen
            found.append((path, seen))
        return by_attention(_with_jobs(found, ask))

    return look


def _seen(path: str) -> Overview | str:
    """The state of one run of many; why it cannot be told, if so."""
    try:
        return overview(path)
    except GlaneError as error:
        return str(error)
    except OSError as error:
        return f"{path}: cannot be read ({error.strerror})"


def _with_jobs(found: Sequence[tuple[str, Overview | str]], ask: Ask) -> list[RunState]:
    """Each run with its jobs; the scheduler is asked once for all of them."""
    wanted = [run for _, run in found if not isinstance(run, str)]
    if len(wanted) > 1:  # of those that are complete, what their jobs became says nothing more
        wanted = [run for run in wanted if run.state not in ENDED]
    names = list(dict.fromkeys(name for run in wanted for name in run.job_names))
    jobs = {job.name: job for job in (ask(names) if names else ())}
    return [
        RunState(path=path, run=None, error=run)
        if isinstance(run, str)
        else RunState(path=path, run=run, jobs=tuple(jobs[name] for name in run.job_names if name in jobs))
        for path, run in found
    ]


def _view(states: list[RunState], settings: StatusSettings) -> RenderableType:
    if settings.runs:
        return runs_view(states)
    return Group(*(run_view(one.run, one.jobs, shortfall_of(one.run)) for one in states if one.run is not None))


def _print(states: list[RunState], settings: StatusSettings, console: Console) -> None:
    if settings.json_output:
        values = [_as_json(one) for one in states]
        print(json.dumps(values if settings.runs else values[0], ensure_ascii=False), flush=True)
        return
    console.print(_view(states, settings))


def _as_json(state: RunState) -> dict[str, Any]:
    run, wanted = state.run, attention(state)
    about = {"attention": wanted.note if wanted.is_needed else None}
    if run is None:
        return {"run": state.path, "state": "unreadable", **about}
    more = {
        "shortfall": shortfall_of(run),
        "jobs": [asdict(job) for job in state.jobs],
        "job_groups": [group.as_json() for group in job_groups(state.jobs)],
    }
    return run.as_json() | more | about
