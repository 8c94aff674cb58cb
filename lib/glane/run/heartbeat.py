"""Signs of life: which workers there are, what they say of their progress, and which of them are gone."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from glane.run.directory import RunDirectory
from glane.run.usage import usage

JOB_NAME = "GLANE_JOB_NAME"
"""The variable by which who starts the work tells its processes the batch job that they belong to."""


@cache
def host_identity() -> str:
    """Where a process id means something: this host, since it booted, in this PID namespace."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    identity = boot.read_text().strip() if boot.exists() else ""
    with contextlib.suppress(OSError):
        identity += os.readlink("/proc/self/ns/pid")
    return f"{socket.gethostname()}|{identity}"


def process_start(pid: int) -> str | None:
    """When process `pid` started, in the kernel's ticks; None if there is no such process (a zombie is none)."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if after_name[0] in "ZX" else after_name[19]


def job_name() -> str | None:
    """The batch job that this process belongs to, as its scheduler shows it; None outside of one."""
    return os.environ.get(JOB_NAME) or None


class Heartbeat:
    """A worker's sign of life: a file rewritten every few seconds, with its progress in it."""

    def __init__(
        self,
        directory: RunDirectory,
        *,
        worker: str,
        every_s: float,
        facts: Mapping[str, Any],
        also: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        """`facts` stay as they are; `also` is asked at every sign."""
        self.worker, self._also = worker, also
        self.path = directory.workers / f"{self.worker}.json"
        self._directory, self._every_s = directory, every_s
        self._constant = {
            "worker": self.worker,
            "host": socket.gethostname(),
            "identity": host_identity(),
            "pid": os.getpid(),
            "process_start": process_start(os.getpid()),
            "started": time.time(),
            **facts,
        }
        self._progress: Callable[[], Mapping[str, Any]] = lambda: {"state": "starting"}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Write the first sign and go on in the background."""
        self.write()
        self._thread.start()

    def report(self, progress: Callable[[], Mapping[str, Any]]) -> None:
        """From now on, write what `progress` returns."""
        self._progress = progress

    def write(self, **more: Any) -> None:
        """Write a sign now."""
        values = {**self._constant, **usage(), **self._also(), **self._progress(), **more, "time": time.time()}
        self._directory.write_json(self.path, values, durable=False)

    def stop(self, state: str) -> None:
        """Write the last sign: what this worker held is free again."""
        self._stop.set()
        self._thread.join(timeout=30)
        with contextlib.suppress(Exception):  # a full disk must not hide the error that ends the worker
            self.write(state=state)

    def _beat(self) -> None:
        while not self._stop.wait(self._every_s):
            with contextlib.suppress(Exception):  # a missed beat is made good by the next; the lease covers several
                self.write()


def is_gone(
    directory: RunDirectory, worker: str, *, now: float, lease_s: float, claim_age_s: float = float("inf")
) -> bool:
    """Whether a worker has ended, died, or been silent for a whole lease."""
    path = directory.workers / f"{worker}.json"
    try:
        age_s = now - path.stat().st_mtime
        sign = json.loads(path.read_text())
    except FileNotFoundError:
        return claim_age_s > lease_s
    except ValueError:
        return False
    if sign.get("state") == "ended" or age_s > lease_s:
        return True
    if sign["identity"] != host_identity():
        return False
    return process_start(sign["pid"]) != sign["process_start"]


def mark_host_ended(directory: RunDirectory, *, job: str) -> None:
    """Free what workers of `job` on this host still hold. Only for a caller that has ended every one of them.

    What was in their engines is not suspect: they were ended from outside.
    """
    for path in directory.workers.glob("*.json"):
        with contextlib.suppress(OSError, ValueError):
            sign = json.loads(path.read_text())
            if sign.get("job") == job and sign.get("identity") == host_identity() and sign.get("state") != "ended":
                directory.write_json(path, {**sign, "state": "ended"}, durable=False)


def engines_at_once(signs: Sequence[Mapping[str, Any]]) -> int:
    """The most engines that lived at one time, from their last signs: one that replaced another adds nothing."""
    # At one moment, an end comes before a beginning.
    events = sorted([(sign["started"], 1) for sign in signs] + [(sign["time"], -1) for sign in signs])
    alive = most = 0
    for _, change in events:
        alive += change
        most = max(most, alive)
    return most
