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
from typing import Any

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
