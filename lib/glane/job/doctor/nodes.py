"""The check of nodes, from where it is asked for: a job checks each of its nodes, and its reports are read."""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from glane.cluster.findings import Finding, failed, ok, warning
from glane.cluster.scheduler import Job, Scheduler, Submission, Task
from glane.cluster.schedulers import scheduler_of
from glane.errors import ConfigError, GlaneError
from glane.job.doctor.exchange import Exchange, NodeTask
from glane.job.doctor.report import NodeReport
from glane.job.doctor.storage_checks import nearest, trial_folder
from glane.languages import say
from glane.settings import BatchSettings, DoctorSettings, ModelSettings

JOB_TIME = "0:20:00"  # all checks are bounded well below
_POLLS_S = (2.0, 15.0)  # of the queue: at first, and after a minute
_LINGER_S = 20.0  # for the job to leave the queue once its first node is done: another one may hang
_LAST_REPORTS_S = 30.0  # for a file system to show what nodes wrote before they ended


def check_nodes(settings: DoctorSettings) -> tuple[list[Finding], tuple[NodeReport, ...]]:
    """Submit the job, wait for its reports, and leave nothing behind: what was found of the job, and by its nodes."""
    try:
        return _check_nodes(settings)
    except GlaneError as error:
        told, _, remedy = str(error).partition("\n")
        return [failed("job", told, remedy or "Mend that; what the scheduler says is told above.")], ()


def _check_nodes(settings: DoctorSettings) -> tuple[list[Finding], tuple[NodeReport, ...]]:
    cluster = settings.cluster
    assert isinstance(cluster, BatchSettings)
    cluster = cluster.model_copy(update={"array": None, "time": JOB_TIME, "job_name": "glane-doctor"})
    scheduler = scheduler_of(cluster)
    if complaint := scheduler.complaint(cluster):
        raise ConfigError(complaint)
    with trial_folder(nearest(Path(settings.run_dir or ".").absolute())) as folder:
        asked = NodeTask(settings=_absolute(settings).model_copy(update={"cluster": cluster}), folder=str(folder))
        task = Task(module="glane.job.doctor.node", settings=json.dumps(asked.model_dump(mode="json")))
        submission = scheduler.submit(cluster, task, label="doctor")
        say(f"job      {submission.job_names[0]}, {submission.where}; log: {submission.log}")
        jobs = _wait(scheduler, submission, settings.wait_s, Exchange(folder, num_nodes=cluster.nodes))
        is_over = all(job.is_over for job in jobs)
        reports = Exchange(folder, num_nodes=cluster.nodes).reports(limit_s=_LAST_REPORTS_S if is_over else 0)
    found = [_of_job(jobs, submission, is_over=is_over), *_of_absent(reports, cluster.nodes, submission)]
    return found, tuple(reports.values())


def _absolute(settings: DoctorSettings) -> DoctorSettings:
    """The settings with paths that mean the same on the nodes."""

    def absolute(path: str | None) -> str | None:
        return path and str(Path(path).absolute())

    model: ModelSettings | None = settings.model
    if model is not None and Path(model.path).exists():
        model = model.model_copy(update={"path": str(Path(model.path).absolute())})
    return settings.model_copy(
        update={
            "model": model,
            "run": settings.run.model_copy(update={"dir": absolute(settings.run_dir)}),
            "data": settings.data.model_copy(update={"path": absolute(settings.data.path)}),
        }
    )


def _wait(scheduler: Scheduler, submission: Submission, limit_s: float, exchange: Exchange) -> Sequence[Job]:
    """Wait until the job is over. What is left of it after the limit, or after an interruption, is cancelled."""
    began, told, reported_at = time.monotonic(), "", 0.0
    jobs: Sequence[Job] = ()
    try:
        while True:
            jobs = scheduler.jobs(submission.job_names)
            if (state := "; ".join(job.shown_state for job in jobs)) != told:
                told = state
                say(f"job {submission.job_names[0]}: {state}", to=sys.stderr)
            if all(job.is_over for job in jobs):
                return jobs
            now = time.monotonic()
            if not reported_at and exchange.is_concluded:
                reported_at = now
            if now - began > limit_s or (reported_at and now - reported_at > _LINGER_S):
                return jobs
            time.sleep(_POLLS_S[now - began > 60])
    finally:
        if not jobs or not all(job.is_over for job in jobs):
            with contextlib.suppress(Exception):
                for name in submission.job_names:
                    scheduler.cancel(name)


def _of_job(jobs: Sequence[Job], submission: Submission, *, is_over: bool) -> Finding:
    name = submission.job_names[0]
    if not is_over:
        remedy = "Raise wait_s, or ask for less (cluster.nodes, cluster.partition); its log says more."
        return warning("job", f"{name}: cancelled, as it was not over in time; {jobs[0].shown_state}", remedy)
    return ok("job", f"{name}: over, {submission.where}")


def _of_absent(reports: dict[int, NodeReport], num_nodes: int, submission: Submission) -> list[Finding]:
    absent = [str(rank) for rank in range(num_nodes) if rank not in reports]
    if not absent:
        return []
    remedy = (
        "It did not start (Python, container), hangs, or does not see the file system of run.dir. Its log says more: "
        f"{submission.log.parent}"
    )
    return [failed("reports", f"none of {len(absent)} of {num_nodes} node(s): task(s) {', '.join(absent)}", remedy)]
