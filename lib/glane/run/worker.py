"""One worker in one process, from start to end: the same under Ray, in a test, or by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from glane.errors import GlaneError, where
from glane.run.causes import DeathCause, cause_of_exit
from glane.run.directory import RunDirectory, run_directory
from glane.run.energy import EnergyMeter
from glane.run.heartbeat import Heartbeat
from glane.run.heartbeat_writer import HeartbeatWriter
from glane.run.oom import oom_kills
from glane.run.session import Session, WorkerDied
from glane.run.work import Work
from glane.settings import RunSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSpec:
    """What a worker needs to start. It is pickled between processes: small, and without text of documents."""

    worker: str
    work: Work
    run: RunSettings
    key: str  # the run's fingerprint
    start: float  # 0 to 1: where in the plan to begin
    device: Literal["cpu", "gpu"]
    cpus: int
    gpus: int
    nodes: int = 1  # that the engine spans

    @property
    def directory(self) -> RunDirectory:
        """The run's directory."""
        return run_directory(self.run)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReport:
    """How a worker ended. `message` holds no text of a document."""

    outcome: Literal["done", "failed", "died"]
    message: str = ""
    cause: DeathCause = "error"  # of a death


def run_worker(
    spec: WorkerSpec,
    *,
    should_stop: Callable[[], bool] = lambda: False,
    tell: Callable[[Heartbeat], None] | None = None,
) -> WorkerReport:
    """Work on the run until all of it is committed. Never raises.

    `tell` is called about every second, in a thread of its own, with what the worker is at.
    """
    killed_before = oom_kills()
    try:
        _run(spec, should_stop, tell)
    except WorkerDied as death:
        code, kills = death.exit_code, oom_kills() - killed_before
        cause = "error" if code is None else cause_of_exit(code, oom_kills=kills)
        return WorkerReport(outcome="died", message=str(death), cause=cause)
    except GlaneError as error:
        return WorkerReport(outcome="failed", message=str(error))
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a bug, or a panic of Polars: its message may quote a document, so it is left out
        return WorkerReport(outcome="failed", message=f"internal error, please report it: {where(error)}")
    return WorkerReport(outcome="done")


def _run(spec: WorkerSpec, should_stop: Callable[[], bool], tell: Callable[[Heartbeat], None] | None) -> None:
    run, directory = spec.run, spec.directory
    directory.set_umask()
    meter = EnergyMeter(country=run.country, num_gpus=spec.gpus) if run.energy == "auto" else None
    heartbeat = HeartbeatWriter(
        directory,
        worker=spec.worker,
        every_s=run.beats_every_s(),
        device=spec.device,
        cpus=spec.cpus,
        gpus=spec.gpus,
        energy=(lambda: None) if meter is None else meter.reading,
        tell=tell,
    )
    heartbeat.start()
    try:
        session = Session(
            directory=directory,
            heartbeat=heartbeat,
            key=spec.key,
            lease_s=run.lease_s,
            start=spec.start,
            device=spec.device,
            cpus=spec.cpus,
            nodes=spec.nodes,
            should_stop=should_stop,
            meter=meter,
        )
        spec.work.work(session)
    finally:
        if meter is not None:
            meter.stop()
        heartbeat.stop()
