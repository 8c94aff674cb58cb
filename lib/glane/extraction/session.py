"""A worker's whole life in one process: the same under Ray, in a test, or by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from glane.corpus.plan import Plan, read_plan
from glane.corpus.read import Reader
from glane.engine.protocol import Engine
from glane.engine.registry import start_engine
from glane.errors import GlaneError, RunError
from glane.extraction.sentinels import OwnShards, QuietHeartbeat, SentinelSpec, SharedDirectory
from glane.extraction.worker import EngineDied, Worker, where
from glane.run.directory import RunDirectory
from glane.run.energy import EnergyMeter
from glane.run.heartbeat import Heartbeat, job_name
from glane.run.ledger import Ledger
from glane.settings import ExtractSettings
from glane.task.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSpec:
    """What a worker is told. Small and without text: it crosses processes."""

    worker: str
    settings: ExtractSettings
    task: Task
    key: str  # the run's fingerprint
    start: float  # 0 to 1: where in the plan to begin
    device: Literal["cpu", "gpu"]
    cpus: int
    gpus: int
    sentinels: SentinelSpec | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerReport:
    """How a worker ended. `message` names no text of a document."""

    outcome: Literal["done", "failed", "engine_died"]
    message: str = ""


def run_worker(spec: WorkerSpec, *, should_stop: Callable[[], bool] = lambda: False) -> WorkerReport:
    """Start an engine and work on the run until all of it is committed. Never raises."""
    try:
        return _run(spec, should_stop)
    except EngineDied as death:
        return WorkerReport(outcome="engine_died", message=str(death))
    except GlaneError as error:
        return WorkerReport(outcome="failed", message=str(error))
    except Exception as error:  # a bug: its message may quote a document, so only its place is told
        return WorkerReport(outcome="failed", message=f"internal error, please report it: {where(error)}")


def _run(spec: WorkerSpec, should_stop: Callable[[], bool]) -> WorkerReport:
    run = spec.settings.run
    directory = RunDirectory(root=Path(run.dir).absolute(), group_access=run.group_access)
    directory.set_umask()
    facts = {"device": spec.device, "cpus": spec.cpus, "gpus": spec.gpus, "job": job_name()}
    meter = EnergyMeter(country=run.country, num_gpus=spec.gpus) if run.energy == "auto" else None
    heartbeat = Heartbeat(
        directory, worker=spec.worker, every_s=run.heartbeat_s, facts=facts, also=dict if meter is None else meter.sign
    )
    heartbeat.start()
    try:
        plan = read_plan(directory.plan)
        engine = start_engine(spec.settings.model, device=spec.device, cpus=spec.cpus)
        if meter is not None:
            meter.engine_is_ready()
        try:
            # The sentinels are few and come first, so that drift is known early. What others hold of them is left to
            # them until the plan itself is done: no engine stands idle for a few documents.
            _work_on_sentinels(spec, OwnShards, directory, engine, heartbeat, should_stop)
            ledger = _ledger(Ledger, directory, plan, spec)
            _work_on(plan, spec, spec.settings, spec.key, directory, ledger, engine, heartbeat, should_stop)
            _work_on_sentinels(spec, Ledger, directory, engine, heartbeat, should_stop)
        finally:
            engine.close()
    finally:
        if meter is not None:
            meter.stop()
        heartbeat.stop("ended")
    return WorkerReport(outcome="done")


def _work_on_sentinels(
    spec: WorkerSpec,
    kind: type[Ledger],
    run: RunDirectory,
    engine: Engine,
    heartbeat: Heartbeat,
    should_stop: Callable[[], bool],
) -> None:
    """Ask what is open of the sentinels, where the run has some; `kind` says whether to wait for other workers."""
    if spec.sentinels is None:
        return
    settings = spec.sentinels.settings
    directory = SharedDirectory(root=Path(settings.run.dir), group_access=run.group_access, run=run)
    plan = read_plan(directory.plan)
    ledger = _ledger(kind, directory, plan, spec)
    if ledger.num_open:
        quiet = QuietHeartbeat(heartbeat)
        _work_on(plan, spec, settings, spec.sentinels.key, directory, ledger, engine, quiet, should_stop)


def _ledger(kind: type[Ledger], directory: RunDirectory, plan: Plan, spec: WorkerSpec) -> Ledger:
    lease_s = spec.settings.run.lease_s
    return kind(
        directory,
        num_shards=plan.num_shards,
        worker=spec.worker,
        lease_s=lease_s,
        start=spec.start,
        num_large=plan.num_large,
    )


def _work_on(
    plan: Plan,
    spec: WorkerSpec,
    settings: ExtractSettings,
    key: str,
    directory: RunDirectory,
    ledger: Ledger,
    engine: Engine,
    heartbeat: Heartbeat,
    should_stop: Callable[[], bool],
) -> None:
    if directory.is_complete:
        return
    reader = Reader(
        plan.paths,
        id_column=settings.data.id_column,
        text_column=settings.data.text_column,
        input_columns=spec.task.input_columns,
        carry_columns=settings.data.carry_columns,
    )
    try:
        Worker(
            engine=engine,
            task=spec.task,
            model=settings.model,
            plan=plan,
            reader=reader,
            directory=directory,
            ledger=ledger,
            heartbeat=heartbeat,
            key=key,
            should_stop=should_stop,
        ).run()
    except (RunError, FileNotFoundError):
        if not directory.is_complete:  # otherwise another job was faster, and cleaned up what this one wanted to use
            raise
