"""The session of a worker: what it is given for its work, and the shards that it can claim."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from glane.corpus.plan import read_plan
from glane.corpus.unchanged import Unchanged
from glane.run.description import read_description
from glane.run.directory import RunDirectory
from glane.run.energy import EnergyMeter
from glane.run.heartbeat_writer import HeartbeatWriter
from glane.run.ledger import Ledger
from glane.run.nested import NestedDirectory, NestedHeartbeat, UnclaimedOnly
from glane.run.shards import Shards


class WorkerDied(Exception):
    """This process cannot go on, for example because its engine failed. The worker must start again in a new process.

    The message names no text of a document. `exit_code` is that of a process of the engine's own, if that has ended.
    """

    def __init__(self, message: str, *, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a worker is given while it works."""

    directory: RunDirectory
    heartbeat: HeartbeatWriter
    key: str  # the run's fingerprint
    lease_s: float
    start: float  # 0 to 1: where in the plan to begin
    device: Literal["cpu", "gpu"]
    cpus: int
    should_stop: Callable[[], bool]
    meter: EnergyMeter | None
    nodes: int = 1  # that the engine spans

    def is_ready(self) -> None:
        """Note that the engine, if there is one, has started: energy from here on is that of work."""
        if self.meter is not None:
            self.meter.engine_is_ready()

    def shards(self) -> Shards:
        """The shards of the run. Call it once, when the worker can begin: it lists the committed shards."""
        return self._shards(self.directory, Ledger, self.heartbeat)

    def nested_shards(self, root: Path, *, waits: bool) -> Shards:
        """The shards of the run nested in this one at `root`. If `waits`, wait for those that other workers hold."""
        directory = NestedDirectory(root=root, group_access=self.directory.group_access, outer=self.directory)
        return self._shards(directory, Ledger if waits else UnclaimedOnly, NestedHeartbeat(self.heartbeat))

    @contextmanager
    def beside(self, directory: RunDirectory) -> Iterator[Session]:
        """The session of the same worker in another run that it works on at the same time, with heartbeats there."""
        heartbeat = self.heartbeat.beside(directory)
        heartbeat.start()
        try:
            key = read_description(directory).fingerprint_digest
            yield replace(self, directory=directory, heartbeat=heartbeat, key=key, meter=None)
        finally:
            heartbeat.stop()

    def _shards(self, directory: RunDirectory, kind: type[Ledger], heartbeat: HeartbeatWriter) -> Shards:
        plan = read_plan(directory.plan)
        ledger = kind(
            directory,
            num_shards=plan.num_shards,
            worker=self.heartbeat.worker,
            lease_s=self.lease_s,
            start=self.start,
            num_large=plan.num_large,
            place=self.heartbeat.place,
        )
        return Shards(
            directory=directory,
            plan=plan,
            ledger=ledger,
            heartbeat=heartbeat,
            should_stop=self.should_stop,
            unchanged=Unchanged(plan.files),
            identity=directory.identity(),
        )
