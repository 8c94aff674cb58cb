"""A trial as a job of a scheduler: in a folder that outlives the command, so that the same command goes on with it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from glane.cluster.scheduler import Scheduler, Submission
from glane.cluster.schedulers import find_jobs, scheduler_of
from glane.errors import RunError
from glane.job.submit import submit
from glane.job.wait import wait
from glane.languages import say
from glane.pilot.frame import Integers
from glane.run.directory import RunDirectory, run_directory
from glane.run.names import PILOT
from glane.run.starts import job_names, submissions
from glane.run.written import refuse_inside_run
from glane.settings import BatchSettings, ExtractSettings
from glane.storage import storage_errors

_FOLDER = f"{PILOT}job-"
JOB_TIME = "1:00:00"  # of the job, where cluster.time says nothing
_MOST_REQUEUES = 1


B = TypeVar("B", bound=BatchSettings)


def batch_of_a_pilot(cluster: B) -> B:
    """The settings of a pilot's job: one node, for an hour if nothing else is said."""
    return cluster.model_copy(
        update={
            "array": None, "wait": False, "dry_run": False, "parsable": False, "nodes": 1, "min_nodes": 1,
            "time": cluster.time or JOB_TIME, "max_requeues": min(cluster.max_requeues, _MOST_REQUEUES),
        }
    )  # fmt: skip


@contextlib.contextmanager
def kept_folder(out: Path, mark: str) -> Iterator[Path]:
    """A folder for the trial of this mark below `out`. It is removed if nothing is raised, and stays otherwise.

    Raises:
        RunError: if `out` lies in a run, or the trial of another pilot in it is still under way.
    """
    refuse_inside_run(out, setting="out.dir")
    with storage_errors(out, setting="out.dir"):
        out.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = (out / f"{_FOLDER}{mark}").absolute()
        for other in out.glob(f"{_FOLDER}*"):
            if other.name != folder.name:
                _give_up(other)
        folder.mkdir(mode=0o700, exist_ok=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def mark_of(extraction: ExtractSettings, places: Integers, chars: Integers) -> str:
    """What tells one trial from another: what is asked, of which rows, of what length."""
    asked = extraction.model_dump(mode="json", include={"task", "data", "model"})
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode())
    for numbers in (places, chars):
        digest.update(numbers.tobytes())
    return digest.hexdigest()[:12]


def run_as_job(tried: ExtractSettings, *, wait_s: float) -> None:
    """Have a job run the trial, or go on with the job that does, and wait for its end.

    Raises:
        GlaneError: if it ended without a result, or takes longer than `wait_s`: then it goes on without this command.
    """
    cluster = tried.cluster
    assert isinstance(cluster, BatchSettings)
    scheduler, directory = scheduler_of(cluster), run_directory(tried.run)
    if directory.is_complete and directory.summary.exists():
        return
    submission = _under_way(directory, scheduler)
    if submission is None:
        submission = submit(tried.model_copy(update={"cluster": scheduler.with_site(cluster)}))
    else:
        say(f"pilot      job {submission.job_id} of before goes on", to=sys.stderr)
    assert submission is not None
    wait(tried, submission, scheduler, limit_s=wait_s)


def _under_way(directory: RunDirectory, scheduler: Scheduler) -> Submission | None:
    """The job that works on a run, or waits to; None if there is none."""
    for entry in reversed(submissions(directory)):
        for job in scheduler.jobs(entry.jobs):
            if job.is_live:
                return Submission(
                    job_id=job.name, job_names=(job.name,), where="", log=Path(entry.log), cancel_command=""
                )
    return None


def _give_up(folder: Path) -> None:
    """Remove what a pilot with other settings left, unless its job goes on."""
    names = job_names(RunDirectory(root=folder / "run"))
    going = [job for job in (find_jobs(names) if names else ()) if job.is_live]
    if going:
        raise RunError(
            f"out.dir: {folder.parent} has the pilot of other settings under way, job {going[0].name} "
            f"({going[0].shown_state}). Wait for it, cancel it, or choose another out.dir."
        )
    shutil.rmtree(folder, ignore_errors=True)
