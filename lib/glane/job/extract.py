"""The extraction job: prepare, work, publish. It is the same on one machine and on many nodes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from glane.cluster.layout import check_network, plan_layout
from glane.cluster.ray_nodes import alive_nodes
from glane.cluster.tasks import ray_map
from glane.drift import DocumentWatch
from glane.engine.device import gpu_bytes
from glane.engine.registry import engine_kind
from glane.engine.weights import weights_bytes
from glane.errors import GlaneError
from glane.extraction.attention import attention_lines
from glane.extraction.forecast import PilotReport, check_same, read_pilot
from glane.extraction.prediction import compare, comparison_lines
from glane.extraction.rejections import rejection_lines
from glane.extraction.summary import ExtractionSummary, extraction_summary, shortfall, summary_lines
from glane.extraction.work import ExtractionWork, prepare_extraction
from glane.job.durable import Connect, announce, beats_every_s, logged, run_workers
from glane.job.licences import licence_line
from glane.job.resolve import resolve
from glane.job.sentinels import Sentinels, sentinels_of
from glane.job.tables import kept_tables
from glane.job.watch import check_reference, watch_run
from glane.run.merge import RunAll
from glane.run.metrics_file import MetricsFile
from glane.run.prepare import PreparedRun
from glane.run.progress import ProgressReporter
from glane.run.publish import finish_run, is_committed
from glane.run.publisher import sole_publisher
from glane.run.summary import amended
from glane.settings import ExtractSettings, ResolvedSettings
from glane.task.task import Task

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
    of the result.

    Raises:
        GlaneError: for what a user can correct. What was committed stays, and the same command resumes the run.
    """
    place = settings.run.dir  # as the user wrote it
    settings, task = resolve(settings)
    pilot = None if settings.run.pilot is None else read_pilot(settings.run.pilot)
    with kept_tables(settings) as settings:
        run = prepare_extraction(ExtractionWork(settings=settings, task=task))
    if pilot is not None:
        check_same(pilot.fingerprint, run.description.fingerprint, place=f"run.pilot: {settings.run.pilot}")
    sentinels = sentinels_of(settings, task, run)
    directory, plan = run.directory, run.plan

    def is_done() -> bool:
        """Whether all documents are answered, the sentinels included."""
        is_here = directory.is_complete or is_committed(directory, plan)
        return is_here and (sentinels is None or sentinels.is_done)

    with ProgressReporter(directory, plan, style=settings.progress) as progress, ExitStack() as stack:
        if directory.is_complete:
            rest = "nothing to do" if is_done() else "its sentinels are not"
            progress.say(f"{place}: complete already, {rest}")
        else:
            announce(run, place, progress)
        if engine_kind(settings.model.engine).has_weights:
            progress.say(licence_line(settings.model))
        if sentinels is not None and not sentinels.is_done:
            progress.say(f"sentinels {sentinels.num_documents} documents of {task.sentinels} are asked first")
        run_all: RunAll = map
        if not is_done():
            metrics = MetricsFile(directory, plan, settings.run, warn=progress.warn)
            stack.callback(metrics.close)
            with logged(progress):
                ray = stack.enter_context(connect())
                _work(settings, task, run, sentinels, progress, metrics, ray, should_stop, start)
            if plan.num_selected >= _ROWS_FOR_RAY:
                run_all = ray_map(ray)
        if should_stop() and not is_done():
            progress.update()
            progress.say(f"{place}: stopped before the end; what is committed stays")
            return run
        habits = settings.run
        with sole_publisher(
            directory, heartbeat_s=beats_every_s(habits, settings.cluster), lease_s=habits.lease_s, waits=not leaves
        ) as is_ours:
            if not is_ours:
                progress.say(f"{place}: all is answered, and another job publishes the result; this one leaves")
                return replace(run, is_left=True)
            _finish(run, settings, sentinels, pilot, progress, run_all)
        for line in rejection_lines(directory, id_column=settings.data.result_id, run_dir=place):
            progress.say(line)
    return run


def _work(
    settings: ResolvedSettings,
    task: Task,
    run: PreparedRun,
    sentinels: Sentinels | None,
    progress: ProgressReporter,
    metrics: MetricsFile,
    ray: Any,
    should_stop: Callable[[], bool],
    start: float,
) -> None:
    nodes = alive_nodes(ray)
    layout = plan_layout(
        settings.model,
        nodes,
        num_shards=run.plan.num_shards,
        weights_bytes=weights_bytes(settings.model),
        gpu_bytes=gpu_bytes(),
    )
    check_network(layout, settings.cluster)
    model = settings.model.model_copy(update={"tensor_parallel_size": layout.tensor_parallel_size})
    progress.say(
        f"{len(nodes)} node(s), {len(layout.places(nodes))} engine(s) on {layout.device}, {layout.cpus} thread(s) and "
        f"{layout.gpus} GPU(s) each ({layout.reason})"
    )
    for warning in engine_kind(model.engine).warnings(model):
        progress.warn(warning)
    work = ExtractionWork(
        settings=settings.model_copy(update={"model": model}),
        task=task,
        sentinels=None if sentinels is None else sentinels.spec,
    )

    def tick() -> None:
        metrics.update(progress.update())
        if sentinels is not None:
            sentinels.look(progress)

    run_workers(
        ray,
        run,
        work,
        layout,
        settings=settings.run,
        cluster=settings.cluster,
        progress=progress,
        tick=tick,
        should_stop=should_stop,
        start=start,
    )


def _finish(
    run: PreparedRun,
    settings: ResolvedSettings,
    sentinels: Sentinels | None,
    pilot: PilotReport | None,
    progress: ProgressReporter,
    run_all: RunAll = map,
) -> None:
    """Publish the result, and report the summary."""
    drift = None if sentinels is None else sentinels.finish()
    finish_run(run, record_mib=settings.run.record_mib, run_all=run_all)
    summary = extraction_summary(run.directory)
    predicted = None if pilot is None else compare(pilot, summary)
    whole = amended(
        summary,
        sentinels=drift or summary.sentinels,
        predicted=predicted or summary.predicted,
        documents=_watched(run, settings, progress) or summary.documents,
    )
    if whole != summary:
        run.directory.write_record(run.directory.summary, whole)
    if said := shortfall(whole, settings.run.min_usable_share):
        progress.warn(said)
    for line in attention_lines(whole.attention, above=settings.run.attention_share):
        progress.warn(line)
    for line in summary_lines(run.directory, whole):
        progress.say(line)
    for line in comparison_lines(predicted) if predicted is not None else ():
        progress.say(line)
    if sentinels is not None:
        sentinels.tell(progress)
    for line in _of_documents(whole):
        progress.warn(line)


def _watched(run: PreparedRun, settings: ResolvedSettings, progress: ProgressReporter) -> DocumentWatch | None:
    """The documents beside those of the earlier run; a comparison that fails costs a warning, and not the run."""
    try:
        reference = check_reference(settings)
        return None if reference is None else watch_run(run.directory, settings, reference)
    except GlaneError as error:
        progress.warn(f"documents are not compared with run.reference: {error}")
        return None


def _of_documents(summary: ExtractionSummary) -> list[str]:
    if summary.documents is None:
        return []
    from glane.assess.compare.watch_lines import watch_lines

    found = summary.sentinels
    return watch_lines(summary.documents, drifted=None if found is None else bool(found.drift or found.signs))
