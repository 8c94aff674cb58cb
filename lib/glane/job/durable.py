"""Drive a durable run of any work to its end: workers on the nodes of a Ray cluster, then publication."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from glane.cluster.layout import Layout
from glane.cluster.local import local_ray
from glane.cluster.processes import core_dumps
from glane.cluster.ray_nodes import alive_nodes
from glane.cluster.scratch import scratch_folder
from glane.cluster.supervisor import Supervisor
from glane.errors import GlaneError
from glane.run.directory import run_directory
from glane.run.environment import guard_here, guard_line
from glane.run.prepare import PreparedRun, prepare_run
from glane.run.progress import ProgressReporter, ProgressStyle
from glane.run.publish import finish_run, is_committed
from glane.run.publisher import sole_publisher
from glane.run.refused import refused_lines
from glane.run.work import Work
from glane.run.worker import WorkerSpec
from glane.settings import BatchSettings, ClusterSettings, LocalSettings, RunSettings

_MOST_REFUSED = 5

Placing = Callable[[Any], tuple[Layout, Work]]  # of a Ray cluster: the workers on it, and what they do
Connect = Callable[[], AbstractContextManager[Any]]  # enters a Ray cluster, and yields the `ray` module


def announce(run: PreparedRun, place: str, progress: ProgressReporter) -> None:
    """Report whether the run is new, and its size. `place` is its directory, as the user gave it."""
    plan = run.plan
    selected = f"{plan.num_selected} of {plan.num_read} rows selected"
    if plan.num_documents is not None:
        selected = f"{plan.num_selected} groups of {plan.num_documents} of {plan.num_read} rows selected"
    progress.say(f"{place}: {'new run' if run.is_new else 'resuming'}, {selected}, {plan.num_shards} shards")
    for note in run.notes:
        progress.say(note)


@contextlib.contextmanager
def logged(progress: ProgressReporter) -> Iterator[None]:
    """Write an error that ends the run to its log, too."""
    try:
        yield
    except GlaneError as error:
        progress.log(f"error: {error}")
        raise


def run_workers(
    ray: Any,
    run: PreparedRun,
    work: Work,
    layout: Layout,
    *,
    settings: RunSettings,
    cluster: ClusterSettings,
    progress: ProgressReporter,
    tick: Callable[[], object],
    should_stop: Callable[[], bool],
    start: float,
) -> None:
    """Have workers do `work` on every node until all of it is committed. `tick` is called a few times a second.

    Once `should_stop` returns True, no further shard is begun. `start` (0 to 1) is the place in the plan where these
    workers begin.

    Raises:
        GlaneError: what a worker reports, or that workers keep dying.
    """
    spec = WorkerSpec(
        worker="",
        work=work,
        run=settings.model_copy(update={"heartbeat_s": beats_every_s(settings, cluster)}),
        key=run.key,
        start=start,
        device=layout.device,
        cpus=layout.cpus,
        gpus=0,
    )
    supervisor = Supervisor(ray, layout=layout, spec=spec, cluster=cluster, say=progress.say, warn=progress.warn)
    supervisor.run(tick=tick, should_stop=should_stop)


def beats_every_s(settings: RunSettings, cluster: ClusterSettings) -> float:
    """Seconds between the heartbeats on disk of processes that work where `cluster` says."""
    return settings.beats_every_s(in_batch_job=isinstance(cluster, BatchSettings))


def drive(
    run: PreparedRun,
    work: Work,
    settings: RunSettings,
    *,
    cluster: ClusterSettings,
    connect: Connect,
    progress: ProgressReporter,
    finish: Callable[[], None],
    placing: Placing | None = None,
    tick: Callable[[], object] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    start: float = 0.0,
    leaves: bool = False,
) -> PreparedRun:
    """Do work, and have `finish` publish the result. `placing` says how; if None, with a worker on each core.

    It goes on with a run that was begun, and does nothing if it is complete. `connect` enters a Ray cluster. Once
    `should_stop` returns True, no further shard is begun and the run stays incomplete. `start` (0 to 1) is the place in
    the plan where its workers begin. What `leaves` does not wait for another job that publishes: see `is_left`.

    Raises:
        GlaneError: for what a user can correct. What was committed stays, and the same call resumes the run.
    """
    directory = run.directory
    if not (directory.is_complete or is_committed(directory, run.plan)):
        if settings.guard == "auto" and (guard := guard_here()) != "kernel":
            progress.warn(guard_line(guard))
        with logged(progress), connect() as ray:
            layout, placed = (placing or _one_a_core(run, work))(ray)
            run_workers(
                ray,
                run,
                placed,
                layout,
                settings=settings,
                cluster=cluster,
                progress=progress,
                tick=tick or progress.update,
                should_stop=should_stop,
                start=start,
            )
        for line in refused_lines(directory)[:_MOST_REFUSED]:
            progress.warn(f"a connection to another machine was refused: {line}")
    if should_stop() and not (directory.is_complete or is_committed(directory, run.plan)):
        progress.say(f"{settings.dir}: stopped before the end; what is committed stays")
        return run
    heartbeat_s = beats_every_s(settings, cluster)
    with sole_publisher(directory, heartbeat_s=heartbeat_s, lease_s=settings.lease_s, waits=not leaves) as is_ours:
        if not is_ours:
            progress.say(f"{settings.dir}: all is done, and another job publishes the result; this one leaves")
            return replace(run, is_left=True)
        finish()
    return run


def _one_a_core(run: PreparedRun, work: Work) -> Placing:
    def placing(ray: Any) -> tuple[Layout, Work]:
        cores = min(node.cpus for node in alive_nodes(ray))
        return Layout(device="cpu", cpus=1, gpus=0, engines_per_node=min(cores, run.plan.num_shards)), work

    return placing


@contextlib.contextmanager
def private_ray(settings: RunSettings, cluster: LocalSettings) -> Iterator[Any]:
    """A Ray on this machine for workers that need no engine."""
    with core_dumps(allowed=settings.core_dumps), scratch_folder() as folder, local_ray(cluster, folder) as ray:
        yield ray


def run_here(work: Work, settings: RunSettings, *, cluster: LocalSettings, style: ProgressStyle) -> PreparedRun:
    """Do work that needs no engine, on this machine with a worker on each core, and publish the result; see `drive`."""
    directory = run_directory(settings)
    run = prepare_run(directory, work, cluster=cluster.model_dump(mode="json"))
    with ProgressReporter(directory, run.plan, style=style) as progress:
        announce(run, settings.dir, progress)
        return drive(
            run, work, settings, cluster=cluster, connect=lambda: private_ray(settings, cluster), progress=progress,
            finish=lambda: finish_run(run, record_mib=settings.record_mib),
        )  # fmt: skip
