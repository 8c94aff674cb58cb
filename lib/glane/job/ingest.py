"""The reading of files into a data set: prepare, read, publish. It is the same on one machine and on many nodes."""

from __future__ import annotations

import os
from collections.abc import Callable

from glane.cluster.endings import signals_end_in_order
from glane.cluster.guarding import guarded_run
from glane.cluster.processes import raise_open_files
from glane.cluster.schedulers import current_job_name
from glane.ingestion.checks import absolute, check_ingest, refuse_lost
from glane.ingestion.data_set import finish_ingest
from glane.ingestion.inventory import changes_since
from glane.ingestion.ocr.endpoint import Endpoint
from glane.ingestion.summary import ingest_summary, shortfall, summary_lines
from glane.ingestion.work import IngestWork, prepare_ingest
from glane.job.accounting import accounted
from glane.job.durable import Connect, drive, private_ray
from glane.job.usable import check_job_usable
from glane.run.directory import run_directory
from glane.run.heartbeat import JOB_NAME
from glane.run.metrics_file import MetricsFile
from glane.run.prepare import PreparedRun
from glane.run.progress import ProgressReporter
from glane.settings import IngestSettings, LocalSettings


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
    directory = run_directory(settings.run)
    if settings.ocr.model is not None and not directory.is_complete:
        Endpoint(ocr=settings.ocr).check()
    work = IngestWork(settings=settings)
    run, is_listed_now = prepare_ingest(work)
    refuse_lost(directory, settings)
    with ProgressReporter(directory, run.plan, style=settings.progress, reads_files=True) as progress:
        if directory.is_complete:
            progress.say(f"{place}: complete already, nothing to do")
        else:
            files, shards = run.plan.num_selected, run.plan.num_shards
            begun = f"{place}: new reading of {files} files, {shards} shards"
            progress.say(begun if run.is_new else f"{place}: resuming, {files} files, {shards} shards")
            for note in run.notes:
                progress.say(note)
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
            if said := shortfall(ingest_summary(directory).counts):
                progress.warn(said)
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
    with guarded_run(settings.run, hosts=settings.ocr.reached_at), accounted(settings):
        run = ingest(settings, connect=lambda: private_ray(settings.run, cluster))
    check_job_usable(settings)
    return run
