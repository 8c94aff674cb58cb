"""A worker's whole life in one process: the same under Ray, in a test, or by hand."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from glane.corpus.plan import Plan, read_plan
from glane.errors import GlaneError
from glane.run.directory import RunDirectory
from glane.run.energy import EnergyMeter
from glane.run.heartbeat import HeartbeatWriter
from glane.run.ledger import Ledger
from glane.run.nested import NestedDirectory, NestedHeartbeat, UnclaimedOnly
from glane.run.shards import Shards
from glane.run.work import Work
from glane.settings import RunSettings


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
class WorkerSpec:
    """What a worker is told. Small and without text: it crosses processes."""

    worker: str
    work: Work
    run: RunSettings
    key: str  # the run's fingerprint
    start: float  # 0 to 1: where in the plan to begin
    device: Literal["cpu", "gpu"]
    cpus: int
    gpus: int

    @property
    def directory(self) -> RunDirectory:
        """Where the run is."""
        return RunDirectory(root=Path(self.run.dir).absolute(), group_access=self.run.group_access)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReport:
    """How a worker ended. `message` names no text of a document."""

    outcome: Literal["done", "failed", "died"]
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a worker has of its run while it works."""

    spec: WorkerSpec
    directory: RunDirectory
    heartbeat: HeartbeatWriter
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
        plan: Plan = read_plan(directory.plan)
        ledger = kind(
            directory,
            num_shards=plan.num_shards,
            worker=self.spec.worker,
            lease_s=self.spec.run.lease_s,
            start=self.spec.start,
            num_large=plan.num_large,
        )
        return Shards(directory=directory, plan=plan, ledger=ledger, heartbeat=heartbeat, should_stop=self.should_stop)


def run_worker(spec: WorkerSpec, *, should_stop: Callable[[], bool] = lambda: False) -> WorkerReport:
    """Work on the run until all of it is committed. Never raises."""
    try:
        _run(spec, should_stop)
    except WorkerDied as death:
        return WorkerReport(outcome="died", message=str(death))
    except GlaneError as error:
        return WorkerReport(outcome="failed", message=str(error))
    except Exception as error:  # a bug: its message may quote a document, so only its place is told
        return WorkerReport(outcome="failed", message=f"internal error, please report it: {where(error)}")
    return WorkerReport(outcome="done")


def _run(spec: WorkerSpec, should_stop: Callable[[], bool]) -> None:
    run, directory = spec.run, spec.directory
    directory.set_umask()
    meter = EnergyMeter(country=run.country, num_gpus=spec.gpus) if run.energy == "auto" else None
    heartbeat = HeartbeatWriter(
        directory,
        worker=spec.worker,
        every_s=run.heartbeat_s,
        device=spec.device,
        cpus=spec.cpus,
        gpus=spec.gpus,
        energy=(lambda: None) if meter is None else meter.reading,
    )
    heartbeat.start()
    try:
        session = Session(spec=spec, directory=directory, heartbeat=heartbeat, should_stop=should_stop, meter=meter)
        spec.work.work(session)
    finally:
        if meter is not None:
            meter.stop()
        heartbeat.stop()
