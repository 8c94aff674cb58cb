"""A worker's view of its run while it works: what it was given, and the shards it can take."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from glane.corpus.plan import read_plan
from glane.run.directory import RunDirectory
from glane.run.energy import EnergyMeter
from glane.run.heartbeat import HeartbeatWriter
from glane.run.ledger import Ledger
from glane.run.nested import NestedDirectory, NestedHeartbeat, UnclaimedOnly
from glane.run.shards import Shards


class WorkerDied(Exception):
    """This process cannot go on, as when its engine failed in a step: the worker must start again in a new one.

    The message names no text of a document.
    """


def where(error: BaseException) -> str:
    """An exception's kind and place. Its message is left out: it may quote a document."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else ""
    return f"{type(error).__name__}{place}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a worker has of its run while it works."""

    directory: RunDirectory
    heartbeat: HeartbeatWriter
    key: str  # the run's fingerprint
    lease_s: float
    start: float  # 0 to 1: where in the plan to begin
    device: Literal["cpu", "gpu"]
    cpus: int
    should_stop: Callable[[], bool]
    meter: EnergyMeter | None

    def is_ready(self) -> None:
        """Tell that what takes long to start, as an engine, has started: the energy from here on is that of work."""
        if self.meter is not None:
            self.meter.engine_is_ready()

    def shards(self) -> Shards:
        """The shards of the run. Asked for once, when the worker can begin: what it has not seen as done, it tries."""
        return self._shards(self.directory, Ledger, self.heartbeat)

    def nested_shards(self, root: Path, *, waits: bool) -> Shards:
        """The shards of a run inside this one; `waits` says whether to wait for what other workers hold of it."""
        directory = NestedDirectory(root=root, group_access=self.directory.group_access, outer=self.directory)
        return self._shards(directory, Ledger if waits else UnclaimedOnly, NestedHeartbeat(self.heartbeat))

    def _shards(self, directory: RunDirectory, kind: type[Ledger], heartbeat: HeartbeatWriter) -> Shards:
        plan = read_plan(directory.plan)
        ledger = kind(
            directory,
            num_shards=plan.num_shards,
            worker=self.heartbeat.worker,
            lease_s=self.lease_s,
            start=self.start,
            num_large=plan.num_large,
        )
        return Shards(directory=directory, plan=plan, ledger=ledger, heartbeat=heartbeat, should_stop=self.should_stop)
