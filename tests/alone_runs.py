"""A durable run as each process of a job works on it, without Ray: for tests that kill such processes."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import killer
from glane.run.prepare import PreparedRun
from glane.run.publisher import sole_publisher
from glane.run.work import Work
from glane.run.worker import WorkerSpec, run_worker
from glane.settings import RunSettings


def work_alone(run: PreparedRun, work: Work, settings: RunSettings, *, worker: str, finish: Callable[[], None]) -> None:
    """What one process does with a prepared run: its shards, and `finish` as the only one who publishes."""
    if not run.directory.is_complete:
        spec = WorkerSpec(
            worker=worker, work=work, run=settings, key=run.key, start=random.Random(worker).random(),
            device="cpu", cpus=1, gpus=0,
        )  # fmt: skip
        report = run_worker(spec)
        assert report.outcome == "done", report.message
    with sole_publisher(run.directory, heartbeat_s=settings.beats_every_s(), lease_s=settings.lease_s):
        finish()


def as_a_process(do: Callable[[Any, str], object], settings: Any, worker: str) -> None:
    """The same as the whole of a process, which ends with 3 where it fails."""
    try:
        do(settings, worker)
    except AssertionError:
        os._exit(3)


def killed_before(limit: int, do: Callable[[Any, str], object], settings: Any) -> None:
    """The same, killed before its n-th operation on files."""
    killer.arm(limit)
    do(settings, "first")
