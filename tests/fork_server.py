"""The one server that tests fork processes from: it has everything imported, and nothing done."""

from __future__ import annotations

import os
from functools import cache
from multiprocessing import current_process, forkserver, get_context, parent_process
from multiprocessing.context import ForkServerContext
from pathlib import Path

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
