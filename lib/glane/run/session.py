"""A worker's whole life in one process: the same under Ray, in a test, or by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from glane.corpus.plan import read_plan
from glane.corpus.read import Reader
from glane.engine.engine import start_engine
from glane.errors import GlaneError
from glane.run.directory import RunDirectory
from glane.run.ledger import Heartbeat, Ledger, job_name
from glane.run.worker import EngineDied, Worker, where
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
    settings = spec.settings
    run = settings.run
    directory = RunDirectory(root=Path(run.dir).absolute(), group_access=run.group_access)
    directory.set_umask()
    facts = {"device": spec.device, "cpus": spec.cpus, "gpus": spec.gpus, "job": job_name()}
    heartbeat = Heartbeat(directory, worker=spec.worker, every_s=run.heartbeat_s, facts=facts)
    heartbeat.start()
    try:
        plan = read_plan(directory.plan)
        engine = start_engine(settings.model, device=spec.device, cpus=spec.cpus)
        try:
            ledger = Ledger(
                directory, num_shards=plan.num_shards, worker=spec.worker, lease_s=run.lease_s, start=spec.start
            )
            reader = Reader(
                plan.paths,
                id_column=settings.data.id_column,
                text_column=settings.data.text_column,
                input_columns=spec.task.input_columns,
                carry_columns=settings.data.carry_columns,
            )
            Worker(
                engine=engine,
                task=spec.task,
                model=settings.model,
                plan=plan,
                reader=reader,
                directory=directory,
                ledger=ledger,
                heartbeat=heartbeat,
                key=spec.key,
                should_stop=should_stop,
            ).run()
        finally:
            engine.close()
    finally:
        heartbeat.stop("ended")
    return WorkerReport(outcome="done")
