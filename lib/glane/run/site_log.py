"""The site's file of jobs: a line for each that ended, appended by many users' jobs on many nodes.

The file belongs to the site: it must be there, and glane makes none. A line is one write at the end of the file, under
a lock that is asked for during some seconds only: over NFS, an append may overwrite another one.
"""

from __future__ import annotations

import contextlib
import os
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from glane.locks import lock
from glane.records import Record
from glane.settings import RunSettings

SITE_LOG = "GLANE_SITE_LOG"
"""The environment variable by which a site names its file, if `run.site_log` does not."""
_LOCK_S = 5.0
_PATIENCE_S = 15.0  # for all of it: a file system that hangs must not keep a job, nor its node

EndState = Literal["complete", "unusable", "stopped", "cancelled", "refused", "failed"]


class JobEntry(Record):
    """One job that ended, or one start of it that did. Counts are of this job alone, and times in UTC."""

    kind: Literal["glane job"] = "glane job"
    version: Literal[1] = 1
    user: str
    account: str | None  # that the scheduler charges
    job: str | None  # as the scheduler's queue shows it: 12, or 12_3 in an array
    start_number: int  # 1, and one more each time that the scheduler put it back into the queue
    host: str  # of the first node
    nodes: int
    run: str
    run_id: str | None  # None where the run directory was not made yet
    task: str
    model: str
    started: str
    ended: str
    seconds: float
    state: EndState
    exit_code: int
    documents: int  # committed, or groups of them
    usable: int  # of these, with status OK
    prompt_tokens: int
    output_tokens: int
    engine_hours: float
    gpu_hours: float  # life of engines, times their GPUs
    allocated_gpu_hours: float | None  # of all GPUs that the scheduler gave, from the start to the end
    energy_kwh: float | None  # None where it is not known
    energy_source: str | None  # measured, modelled or partly measured
    glane: str


def site_log_of(settings: RunSettings) -> Path | None:
    """The site's file, by the settings or the environment; None if there is none."""
    told = settings.site_log or os.environ.get(SITE_LOG)
    return Path(told).expanduser().absolute() if told else None


def append_entry(path: Path, entry: JobEntry, *, warn: Callable[[str], None]) -> bool:
    """Append a line to the site's file. Return whether that was done. Never raises; `warn` is told why not."""
    outcome: list[str] = []

    def write() -> None:
        outcome.append(_append(path, entry.model_dump_json().encode() + b"\n"))

    thread = threading.Thread(target=write, name="site-log", daemon=True)
    thread.start()
    thread.join(timeout=_PATIENCE_S)
    told = outcome[0] if outcome else f"it did not answer within {_PATIENCE_S:.0f} s"
    if told:
        warn(f"{path}: {told}. This job has no line in the site's file of jobs; nothing else is lost.")
    return not told


def _append(path: Path, line: bytes) -> str:
    """Append a line. Return what was wrong; nothing if nothing was."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return "there is no such file; who runs the site makes it, as docs/site.md says"
    except OSError as error:
        return error.strerror or "cannot be written"
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return "is no regular file"
        # Whoever keeps the lock longer hangs, and a file system may have none.
        is_locked = lock(descriptor, deadline=time.monotonic() + _LOCK_S)
        before = os.fstat(descriptor).st_size
        written = os.write(descriptor, line)
        if written < len(line):
            _take_back(descriptor, before=before, written=written, is_locked=is_locked)
            return "the disk is full"
    except OSError as error:
        return error.strerror or "cannot be written"
    finally:
        os.close(descriptor)  # which gives the lock back
    return ""


def _take_back(descriptor: int, *, before: int, written: int, is_locked: bool) -> None:
    """Remove a piece of a line. Where that is not permitted, end it, so that the next line begins on its own."""
    with contextlib.suppress(OSError):
        if is_locked and os.fstat(descriptor).st_size == before + written:
            os.ftruncate(descriptor, before)
            return
    os.write(descriptor, b"\n")
