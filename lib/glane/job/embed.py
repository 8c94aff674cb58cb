"""The embedding job: prepare, embed, publish. It is the same on one machine and on many nodes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from glane.cluster.layout import Layout, check_network, plan_layout
from glane.cluster.ray_nodes import alive_nodes
from glane.embedding.summary import summary_lines
from glane.embedding.work import EmbeddingWork
from glane.engine.device import gpu_bytes
from glane.engine.registry import engine_kind
from glane.engine.weights import weights_bytes
from glane.job.durable import Connect, announce, drive
from glane.job.embed_checks import resolved
from glane.job.licences import licence_line
from glane.job.models import provenance_line
from glane.job.tables import kept_tables
from glane.run.description import read_description
from glane.run.directory import run_directory
from glane.run.metrics_file import MetricsFile
from glane.run.prepare import PreparedRun, prepare_run
from glane.run.progress import ProgressReporter
from glane.run.publish import finish_run
from glane.run.work import Work
from glane.settings import EmbedSettings


def embed(
    settings: EmbedSettings,
    *,
    connect: Connect,
    should_stop: Callable[[], bool] = lambda: False,
    start: float = 0.0,
    leaves: bool = False,
) -> PreparedRun:
    """Run the job to its end; see `glane.job.durable.drive`, also for what the arguments mean.

    Raises:
        GlaneError: for what a user can correct. What was committed stays, and the same command resumes the run.
    """
    place = settings.run.dir  # as the user wrote it
    with kept_tables(resolved(settings)) as settings:
        run = prepare(settings)
    with ProgressReporter(run.directory, run.plan, style=settings.progress) as progress:
        if run.directory.is_complete:
            progress.say(f"{place}: complete already, nothing to do")
        else:
            announce(run, place, progress)
        kept = read_description(run.directory).settings["prefix"]["query"]
        if kept != settings.prefix.query:
            progress.say(
                f"prefix.query: the run keeps {kept!r}, as it was begun. Give glane search prefix=… for another."
            )
        if engine_kind(settings.model.engine).has_weights:
            progress.say(licence_line(settings.model))
            progress.say(provenance_line(settings.model))
        metrics = MetricsFile(run.directory, run.plan, settings.run, warn=progress.warn)
        try:
            run = drive(
                run, run.work, settings.run, cluster=settings.cluster, connect=connect, progress=progress,
                placing=lambda ray: _placed(settings, run, ray, progress),
                finish=lambda: finish_run(run, record_mib=settings.run.record_mib),
                tick=lambda: metrics.update(progress.update()), should_stop=should_stop, start=start, leaves=leaves,
            )  # fmt: skip
        finally:
            metrics.close()
        if run.directory.is_complete and not run.is_left:
            for line in summary_lines(run.directory):
                progress.say(line)
    return run


def prepare(settings: EmbedSettings) -> PreparedRun:
    """Prepare the run of resolved settings; see `glane.run.prepare.prepare_run`."""
    cluster = settings.cluster.model_dump(mode="json")
    return prepare_run(run_directory(settings.run), EmbeddingWork(settings=settings), cluster=cluster)


def _placed(settings: EmbedSettings, run: PreparedRun, ray: Any, progress: ProgressReporter) -> tuple[Layout, Work]:
    """The engines on the nodes of a Ray cluster, and the work that they do."""
    nodes, model = alive_nodes(ray), settings.model
    layout = plan_layout(
        model, nodes, num_shards=run.plan.num_shards, weights_bytes=weights_bytes(model), gpu_bytes=gpu_bytes()
    )
    if told := check_network(layout, settings.cluster):
        progress.warn(told)
    progress.say(
        f"{len(nodes)} node(s), {len(layout.places(nodes))} engine(s) on {layout.device}, {layout.cpus} thread(s) and "
        f"{layout.gpus} GPU(s) each ({layout.reason})"
    )
    model = model.model_copy(update={"tensor_parallel_size": layout.tensor_parallel_size})
    return layout, EmbeddingWork(settings=settings.model_copy(update={"model": model}))
