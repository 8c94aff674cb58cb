"""Submit a job to a batch scheduler, from a login node: an extraction, an embedding, or the reading of files."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
import time
from pathlib import Path

from glane.cluster.scheduler import Scheduler, Submission
from glane.cluster.scheduler import Task as NodeTask
from glane.cluster.schedulers import scheduler_of
from glane.engine.registry import engine_kind
from glane.errors import ConfigError
from glane.job.launcher import launch
from glane.job.resolve import absolute
from glane.job.submission_checks import check_input, check_submission, checked_task
from glane.job.tables import (
    MOST_BYTES_TO_SUBMIT,
    as_if_kept,
    kept_tables,
    refuse_tables_of_several,
)
from glane.job.wait import wait
from glane.languages import say
from glane.run.description import known_run
from glane.run.directory import RunDirectory, run_directory
from glane.run.keys import check_keys
from glane.run.node_faults import bad_nodes
from glane.run.starts import SubmissionEntry, record_submission
from glane.settings import BatchSettings, EmbedSettings, ExtractSettings, IngestSettings, JobSettings


def run_on_cluster(settings: JobSettings) -> None:
    """Submit the job. Inside of such a job, do this node's part instead, and exit with its exit code.

    Raises:
        GlaneError: for what a user can correct.
    """
    cluster = settings.cluster
    assert isinstance(cluster, BatchSettings)
    scheduler = scheduler_of(cluster)
    settings = settings.model_copy(update={"cluster": scheduler.with_site(cluster)})
    if isinstance(settings, ExtractSettings):
        _refuse_terminal_only(settings, scheduler)
    if scheduler.is_inside_own_job():
        sys.exit(launch(settings))
    submission = submit(settings)
    if cluster.wait and submission is not None:
        wait(settings, submission, scheduler)


def submit(settings: JobSettings) -> Submission | None:
    """Submit the job, and print how to follow it.

    With `cluster.dry_run`, print the batch script, submit nothing and return None.

    Raises:
        GlaneError: for a request that this cluster cannot serve, with the scheduler's reason and the key to change.
    """
    cluster = settings.cluster
    assert isinstance(cluster, BatchSettings)
    scheduler = scheduler_of(cluster)
    for one in settings.each():
        check_keys(run_directory(one.run))
    if not isinstance(settings, ExtractSettings):
        told = _checked_ingest(settings) if isinstance(settings, IngestSettings) else _checked_embedding(settings)
        if not cluster.dry_run:
            return _submitted(told, cluster, scheduler)
        _show(told, scheduler)
        return None
    refuse_tables_of_several(settings)
    each = settings.each()
    if cluster.dry_run or len(each) > 1:
        for one in each:
            check_submission(one)
        if not cluster.dry_run:
            return _submitted(absolute(settings), cluster, scheduler)
        _show(absolute(as_if_kept(settings)), scheduler)
        return None
    task = checked_task(settings)
    with kept_tables(settings, most_bytes=MOST_BYTES_TO_SUBMIT) as settings:
        check_input(settings, task)
        return _submitted(absolute(settings), cluster, scheduler)


def _show(settings: JobSettings, scheduler: Scheduler) -> None:
    """Print the batch script of a job."""
    assert isinstance(settings.cluster, BatchSettings)
    print(scheduler.script(settings.cluster, _node_task(settings), label=run_directory(settings.run).root.name))


def _submitted(settings: JobSettings, cluster: BatchSettings, scheduler: Scheduler) -> Submission:
    directory = run_directory(settings.run)
    task, label = _node_task(settings), directory.root.name
    if complaint := scheduler.complaint(cluster) or _forgotten(settings, scheduler):
        raise ConfigError(complaint)
    directories = [run_directory(one.run) for one in settings.each()]
    for its in directories:
        known_run(its)
    for its in directories:
        its.create()
    try:
        submission = scheduler.submit(_off_bad_nodes(cluster, directory, scheduler), task, label=label)
    except ConfigError:  # a refusal: there is no job
        for its in directories:
            its.give_up()
        raise
    entry = SubmissionEntry(time=time.time(), jobs=submission.job_names, log=str(submission.log))
    for its in directories:
        record_submission(its, entry)
    _say(settings, submission)
    return submission


def _checked_ingest(settings: IngestSettings) -> IngestSettings:
    """The settings of a reading of files that passes all checks that need no node, with absolute paths."""
    from glane.ingestion import checks  # an extraction need not load it

    told = checks.absolute(settings)
    checks.check_ingest(told)
    for line in checks.changes_since_begun(told):
        say(f"note: {line}", to=sys.stderr)
    return told


def _checked_embedding(settings: EmbedSettings) -> EmbedSettings:
    """The settings of an embedding that passes all checks that need no node, with absolute paths."""
    from glane.job import embed_checks

    embed_checks.check_submission(settings)
    return embed_checks.absolute(settings)


def _off_bad_nodes(cluster: BatchSettings, directory: RunDirectory, scheduler: Scheduler) -> BatchSettings:
    """The settings that keep the job off nodes which earlier jobs of this run found bad, told line by line."""
    found = bad_nodes(directory) if cluster.exclude_bad_nodes else {}
    if not found:
        return cluster
    changed = scheduler.excluding(cluster, found)
    for node, why in sorted(found.items()):
        what = "is left to the scheduler, as too few others may be left" if changed == cluster else "is left out"
        say(f"note: node {node} {what}; this run found there: {why}", to=sys.stderr)
    return changed


def _forgotten(settings: JobSettings, scheduler: Scheduler) -> str | None:
    """That GPUs are to be asked for: the job would end at its start, after it has waited in the queue."""
    assert isinstance(settings.cluster, BatchSettings)
    needs_gpus = settings.model is not None and engine_kind(settings.model.engine).needs_hardware
    return scheduler.forgotten_gpus(settings.cluster) if needs_gpus else None


def _node_task(settings: JobSettings) -> NodeTask:
    """What runs on each node. The settings are in ASCII, whatever the nodes take for the encoding of text."""
    return NodeTask(module="glane.job.node", settings=json.dumps(settings.model_dump(mode="json")))


def _refuse_terminal_only(settings: ExtractSettings, scheduler: Scheduler) -> None:
    if settings.preview:
        raise ConfigError(
            "preview prints documents to a terminal, and a job has none. Get a node interactively "
            f"({scheduler.interactive_command}) and preview there with cluster=local."
        )
    if isinstance(settings.cluster, BatchSettings) and settings.cluster.parsable and settings.show:
        raise ConfigError("show prints rows, and cluster.parsable=true the id of the job alone: leave one of them out.")
    if settings.show and not (isinstance(settings.cluster, BatchSettings) and settings.cluster.wait):
        raise ConfigError("show prints rows when the job is done: it needs cluster.wait=true.")


def _say(settings: JobSettings, submission: Submission) -> None:
    assert isinstance(settings.cluster, BatchSettings)
    if settings.cluster.parsable:
        print(submission.job_id, flush=True)
        return
    names = submission.job_names
    what = f"{len(names)} jobs {names[0]} … {names[-1]}" if len(names) > 1 else f"job {names[0]}"
    say(f"submitted  {what}, {submission.where}")
    for one in settings.each():
        say(f"run        {one.run.dir}")
    command = "glane" if shutil.which("glane") else Path(sys.executable).with_name("glane")
    say(f"status     {command} status run.dir={shlex.quote(settings.run.dir)}")
    say(f"log        tail -F {shlex.quote(str(submission.log))}")
    say(f"cancel     {submission.cancel_command}")
