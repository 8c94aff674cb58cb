"""The extraction job: prepare, work, publish. It is the same on one machine and on many nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from glane.cluster.layout import check_network, plan_layout
from glane.cluster.ray_nodes import alive_nodes
from glane.cluster.tasks import ray_map
from glane.engine.device import gpu_bytes
from glane.engine.registry import engine_kind
from glane.engine.weights import weights_bytes
from glane.extraction.forecast import check_same, read_pilot
from glane.extraction.work import ExtractionWork, prepare_extraction
from glane.job.durable import Connect, beats_every_s, logged, run_workers
from glane.job.licences import licence_line
from glane.job.models import provenance_line
from glane.job.part import Part
from glane.job.sentinels import sentinels_of
from glane.job.several import refuse_apart, resolve_all
from glane.job.tables import kept_tables, refuse_tables_of_several
from glane.run.merge import RunAll
from glane.run.metrics_file import MetricsFile
from glane.run.prepare import PreparedRun
from glane.run.progress import ProgressReporter
from glane.run.publisher import sole_publisher
from glane.settings import ExtractSettings

_ROWS_FOR_RAY = 1_000_000  # fewer are merged here, before Ray has started processes for it


def extract(
    settings: ExtractSettings,
    *,
    connect: Connect,
    should_stop: Callable[[], bool] = lambda: False,
    start: float = 0.0,
    leaves: bool = False,
) -> PreparedRun:
    """Run the job to its end. Resumes a run that was begun, and does nothing if it is complete.

    `connect` enters a Ray cluster and yields the `ray` module. Once `should_stop` returns True, no further shard is
    begun and the run stays incomplete: see `directory.is_complete` of the result. `start` (0 to 1) is the place in the
    plan where this job's workers begin. A job that `leaves` does not wait for another one that publishes: see `is_left`
    of the result. Of several tasks, the run that is returned is the first one's.

    Raises:
        GlaneError: for what a user can correct. What was committed stays, and the same command resumes the run.
    """
    refuse_tables_of_several(settings)
    resolved, lines = resolve_all(settings)
    pilot = None if settings.run.pilot is None else read_pilot(settings.run.pilot)
    runs = []
    for place, (told, task) in enumerate(resolved):
        with kept_tables(told) as readable:
            runs.append(prepare_extraction(ExtractionWork(settings=readable, task=task)))
        resolved[place] = readable, task
    if pilot is not None:
        check_same(pilot.fingerprint, runs[0].description.fingerprint, place=f"run.pilot: {settings.run.pilot}")
    refuse_apart(runs)
    parts = [
        Part(settings=one, task=task, run=its, sentinels=sentinels_of(one, task, its), place=given.run.dir)
        for (one, task), its, given in zip(resolved, runs, settings.each(), strict=True)
    ]
    first, run = parts[0], runs[0]
    settings, directory, plan = first.settings, run.directory, run.plan

    def is_done() -> bool:
        return all(one.is_done for one in parts)

    with ProgressReporter(directory, plan, style=settings.progress) as progress, ExitStack() as stack:
        for one in parts:
            one.announce(progress)
        for line in lines:
            progress.say(line)
        if engine_kind(settings.model.engine).has_weights:
            progress.say(licence_line(settings.model))
            progress.say(provenance_line(settings.model))
        run_all: RunAll = map
        if not is_done():
            metrics = MetricsFile(directory, plan, settings.run, warn=progress.warn)
            stack.callback(metrics.close)
            with logged(progress):
                ray = stack.enter_context(connect())
                _work(parts, progress, metrics, ray, should_stop, start)
            if plan.num_selected >= _ROWS_FOR_RAY:
                run_all = ray_map(ray)
        if should_stop() and not is_done():
            progress.update()
            progress.say(f"{first.place}: stopped before the end; what is committed stays")
            return run
        habits = settings.run
        with sole_publisher(
            directory, heartbeat_s=beats_every_s(habits, settings.cluster), lease_s=habits.lease_s, waits=not leaves
        ) as is_ours:
            if not is_ours:
                progress.say(f"{first.place}: all is answered, and another job publishes the result; this one leaves")
                return replace(run, is_left=True)
            for one in [*parts[1:], first]:  # where the first is published, all are
                one.finish(pilot, progress, run_all)
        for one in parts:
            one.tell_rejections(progress)
    return run


def _work(
    parts: Sequence[Part],
    progress: ProgressReporter,
    metrics: MetricsFile,
    ray: Any,
    should_stop: Callable[[], bool],
    start: float,
) -> None:
    first = parts[0]
    settings, run = first.settings, first.run
    nodes = alive_nodes(ray)
    layout = plan_layout(
        settings.model,
        nodes,
        num_shards=run.plan.num_shards,
        weights_bytes=weights_bytes(settings.model),
        gpu_bytes=gpu_bytes(),
    )
    if told := check_network(layout, settings.cluster):
        progress.warn(told)
    progress.say(
        f"{len(nodes)} node(s), {len(layout.places(nodes))} engine(s) on {layout.device}, {layout.cpus} thread(s) and "
        f"{layout.gpus} GPU(s) each ({layout.reason})"
    )
    work, *others = [one.work(tensor_parallel_size=layout.tensor_parallel_size) for one in parts]
    for warning in engine_kind(settings.model.engine).warnings(work.settings.model):
        progress.warn(warning)

    def tick() -> None:
        metrics.update(progress.update())
        for one in parts:
            if one.sentinels is not None:
                one.sentinels.look(progress)

    run_workers(
        ray,
        run,
        replace(work, beside=tuple(others)),
        layout,
        settings=settings.run,
        cluster=settings.cluster,
        progress=progress,
        tick=tick,
        should_stop=should_stop,
        start=start,
    )
