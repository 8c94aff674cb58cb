"""The one server that tests fork processes from: it has everything imported, and nothing done."""

from __future__ import annotations

import itertools
import os
import random
import signal
import time
from collections.abc import Callable, Sequence
from functools import cache
from multiprocessing import current_process, forkserver, get_context, parent_process
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
_FOLDERS = (Path(__file__).parent, Path(__file__).parents[1] / "lib")
# The preload of a process is one list: what one test module lacks costs each of its processes half a second.
_PRELOADED = [
    "glane.assess.compare.drift",
    "glane.engine.scripted",
    "glane.extraction.prepare",
    "glane.job.sentinels",
    "glane.job.several",
    "glane.run.publish",
    "glane.run.publisher",
    "glane.run.readback",
    "glane.run.worker",
    "PIL.Image",
    "rensa",
    "conftest",
    "ingest_runs",
    "killer",
    "words_work",
]


@cache
def forks() -> ForkServerContext:
    """The context to start processes in. The server finds the modules of the tests, too, as pytest does."""
    context = get_context("forkserver")
    if getattr(current_process(), "_inheriting", False) or parent_process() is not None:
        return context  # a forked process that imports the module of its test
    context.set_forkserver_preload(_PRELOADED)
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([*map(str, _FOLDERS), *([before] if before else [])])
    try:
        forkserver.ensure_running()
    finally:
        os.environ.pop("PYTHONPATH")
        if before is not None:
            os.environ["PYTHONPATH"] = before
    return context


def start(target: Callable[..., None], *arguments: Any) -> Any:
    """Start a process of the server."""
    process = forks().Process(target=target, args=arguments)
    process.start()
    return process


def kills_survived(
    told: Callable[[int], T], killed_at: Callable[[T, int], None], process_alone: Callable[[T, str], None],
    check: Callable[[T], object],
) -> int:  # fmt: skip
    """Kill a run before every third operation on files, each time another one, and go on with it in a second process.

    Args:
        told: The settings of the run that is killed at an operation, by its number.
        killed_at: Works on a run, and is killed before its n-th operation on files.
        process_alone: Works on a run to its end.
        check: What must hold of the run that was gone on with.

    Returns:
        How many kills were survived, until a run needed no more operations.
    """
    survived = 0
    for limit in itertools.count(1, 3):
        settings = told(limit)
        first = start(killed_at, settings, limit)
        first.join(60)
        if first.exitcode == 0:
            break
        assert first.exitcode == -signal.SIGKILL
        second = start(process_alone, settings, "second")
        second.join(60)
        assert second.exitcode == 0, f"not resumed after a kill at operation {limit}"
        check(settings)
        survived += 1
    return survived


def killed_at_random(
    begin: Callable[[int], Sequence[Any]], rng: random.Random, *, longest_s: float, more_s: float, within_s: float
) -> int:
    """Start processes again and again, and kill each at a random moment, until one of them ends by itself, with 0.

    Args:
        begin: Starts the processes of an attempt, by its number.
        rng: Says when each is killed: within `longest_s` seconds, and `more_s` more in each further attempt, as a busy
            machine needs longer to end at all.
        longest_s: See `rng`.
        more_s: See `rng`.
        within_s: Seconds in which one must have ended.

    Returns:
        How many were killed.
    """
    kills, deadline = 0, time.monotonic() + within_s
    for attempt in itertools.count():
        assert time.monotonic() < deadline
        workers = begin(attempt)
        for worker in workers:
            worker.join(rng.uniform(0.05, longest_s + attempt * more_s))
            if worker.exitcode is None:
                os.kill(worker.pid, signal.SIGKILL)
                kills += 1
        for worker in workers:
            worker.join()
        if 0 in [worker.exitcode for worker in workers]:
            break
    return kills
