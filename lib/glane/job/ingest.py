"""The reading of files into a data set: prepare, read, publish. It is the same on one machine and on many nodes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from glane.cluster.endings import signals_end_in_order
from glane.cluster.processes import raise_open_files
from glane.cluster.schedulers import current_job_name
from glane.errors import RunError
from glane.ingest.data_set import finish_ingest
from glane.ingest.inventory import changes_since
from glane.ingest.record import check_data_set
from glane.ingest.source import check_sources, source_of
from glane.ingest.summary import summary_lines
from glane.ingest.work import IngestWork, prepare_ingest
from glane.job.durable import Connect, announce, drive, private_ray
from glane.run.directory import RunDirectory, run_directory
from glane.run.heartbeat import JOB_NAME
from glane.run.metrics_file import MetricsFile
from glane.run.prepare import PreparedRun
from glane.run.progress import ProgressReporter
from glane.run.written import refuse_inside_run
from glane.settings import IngestSettings, LocalSettings
from glane.storage import exists


def ingest(
    settings: IngestSettings,
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
    settings = absolute(settings)
    check_ingest(settings)
    work = IngestWork(settings=settings)
    run, is_listed_now = prepare_ingest(work)
    directory = run.directory
    _refuse_lost(directory, settings)
    with ProgressReporter(directory, run.plan, style=settings.progress) as progress:
        if directory.is_complete:
            progress.say(f"{place}: complete already, nothing to do")
        else:
            announce(run, place, progress)
        if not is_listed_now and not leaves:  # jobs of an array would all look through the source
            for line in changes_since(directory):
                progress.warn(line)
        metrics = MetricsFile(directory, run.plan, settings.run, warn=progress.warn)
        try:
            run = drive(
                run, work, settings.run, cluster=settings.cluster, connect=connect, progress=progress,
                finish=lambda: finish_ingest(run, settings), tick=lambda: metrics.update(progress.update()),
                should_stop=should_stop, start=start, leaves=leaves,
            )  # fmt: skip
        finally:
            metrics.close()
        if directory.is_complete and not run.is_left:
            for line in summary_lines(directory):
                progress.say(line)
    return run


@signals_end_in_order()
def ingest_here(settings: IngestSettings) -> PreparedRun:
    """Run the job on this machine."""
    cluster = settings.cluster
    assert isinstance(cluster, LocalSettings)
    os.environ[JOB_NAME] = current_job_name() or ""  # for example of an interactive job
    raise_open_files()
    return ingest(settings, connect=lambda: private_ray(settings.run, cluster))


def check_ingest(settings: IngestSettings) -> None:
    """Check all that can be checked before a file is read: of absolute settings.

    Raises:
        GlaneError: what the job would be refused with.
    """
    run_dir, folder = Path(settings.run.dir), Path(settings.data.path)
    refuse_inside_run(run_dir, setting="run.dir", itself=False)
    refuse_inside_run(folder, setting="data.path")
    check_sources(settings.source)
    for name, path in (("run.dir", run_dir), ("data.path", folder)):
        if (source := source_of(path, settings.source)) is not None:
            raise RunError(f"{name}: {path} lies in the source {source}, and would be read. Choose another {name}.")
    if folder == run_dir or folder in run_dir.parents or run_dir in folder.parents:
        raise RunError(f"data.path: {folder} and run.dir {run_dir} lie in one another. Choose another run.dir.")
    directory = run_directory(settings.run)
    check_data_set(folder, directory.identity() if exists(directory.marker) else None)


def absolute(settings: IngestSettings) -> IngestSettings:
    """The settings with paths that mean the same in any working directory."""

    def made(path: str) -> str:
        return str(Path(path).expanduser().absolute())

    others = {name: made(path) for name in ("metrics_dir", "site_log") if (path := getattr(settings.run, name))}
    return settings.model_copy(
        update={
            "source": tuple(map(made, settings.source)),
            "data": settings.data.model_copy(update={"path": made(settings.data.path)}),
            "run": settings.run.model_copy(update={"dir": made(settings.run.dir), **others}),
        }
    )


def _refuse_lost(directory: RunDirectory, settings: IngestSettings) -> None:
    """Refuse a complete run whose data set is gone: it has kept no texts.

    Raises:
        RunError: with the remedy.
    """
    if directory.is_complete and not exists(Path(settings.data.path)):
        raise RunError(
            f"data.path: {settings.data.path} is gone, and its run is complete and keeps no texts. Put it back; or "
            f"remove {directory.root} and run the same command again, which reads all files anew."
        )
