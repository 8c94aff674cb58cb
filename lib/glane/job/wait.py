"""Wait for submitted jobs to end: `cluster.wait=true`."""

from __future__ import annotations

import contextlib
import shlex
import sys
import time

from glane.cluster.paced import PacedJobs
from glane.cluster.scheduler import COMPLETED, Job, Scheduler, Submission
from glane.corpus.plan import read_plan
from glane.errors import GlaneError, UnusableError
from glane.extraction.summary import extraction_summary, summary_lines
from glane.job.usable import check_job_usable
from glane.languages import say
from glane.run.directory import RunDirectory, run_directory
from glane.run.progress import ProgressReporter
from glane.settings import EmbedSettings, ExtractSettings, IngestSettings, JobSettings

_WAIT_POLL_S = 2.0
_UNKNOWN_S = 300.0


def wait(settings: JobSettings, submission: Submission, scheduler: Scheduler, *, limit_s: float | None = None) -> None:
    """Show the run's progress until the jobs have ended.

    An interruption (Ctrl-C) ends the waiting, and not the jobs. So does the end of `limit_s` seconds.

    Raises:
        GlaneError: if they ended without completing the run, or did not end in time.
    """
    ends_at = None if limit_s is None else time.monotonic() + limit_s
    directory = run_directory(settings.run)
    last_states: dict[str, str] = {}
    last_known = time.monotonic()
    reporter: ProgressReporter | None = None
    paced = PacedJobs(scheduler.jobs, first_s=scheduler.least_poll_s())
    with contextlib.ExitStack() as stack:
        while True:
            jobs = paced(submission.job_names, now=directory.is_complete)
            states = {job.name: job.shown_state for job in jobs}
            if reporter is None and directory.plan.exists() and directory.parts.is_dir():
                reporter = stack.enter_context(
                    ProgressReporter(
                        directory,
                        read_plan(directory.plan),
                        style=settings.progress,
                        logs=False,
                        reads_files=isinstance(settings, IngestSettings),
                    )
                )
            if states != last_states:
                for line in (
                    f"job {name}: {state}" for name, state in states.items() if last_states.get(name) != state
                ):
                    if reporter is not None:
                        reporter.say(line)
                    elif settings.progress != "none":
                        say(line, to=sys.stderr)
                last_states = states
            if reporter is not None:
                reporter.update()
            if all(job.is_over for job in jobs):
                break
            if any(job.is_known for job in jobs):
                last_known = time.monotonic()
            elif time.monotonic() - last_known > _UNKNOWN_S:
                raise GlaneError(
                    f"{scheduler.title} has told nothing about job {submission.job_names[0]} for {_UNKNOWN_S:.0f} s. "
                    f"The job may go on: glane status {shlex.quote(f'run.dir={settings.run.dir}')}"
                )
            if ends_at is not None and time.monotonic() > ends_at:
                raise GlaneError(
                    f"job {submission.job_names[0]} is not over ({jobs[0].shown_state}), and goes on without this "
                    "command. The same command waits for it again, and reads its result."
                )
            time.sleep(_WAIT_POLL_S)
        # Some jobs of an array may have been cancelled. If none completed, another command has completed the run.
        if directory.is_complete and directory.summary.exists() and any(_has_worked(job) for job in jobs):
            for one in settings.each() if settings.progress != "none" else ():
                for line in _summary_lines(settings, run_directory(one.run)):
                    say(line, to=sys.stderr)
            check_job_usable(settings)
            return
    failed = ", ".join(f"{job.name} {job.state} (exit {job.exit_code})" for job in jobs)
    told = f"The log says why: {submission.log}"
    if not submission.log.exists():
        told = f"There is no log ({submission.log}): can the nodes see and write that folder (cluster.submission_dir)?"
    raise GlaneError(
        f"the job did not complete the run; it ended: {failed}. {told}\n"
        "What is committed stays: the same command goes on."
    )


def _summary_lines(settings: JobSettings, directory: RunDirectory) -> list[str]:
    if isinstance(settings, ExtractSettings):
        return summary_lines(directory, extraction_summary(directory))
    if isinstance(settings, EmbedSettings):
        from glane.embedding.summary import summary_lines as lines_of_embedding

        return lines_of_embedding(directory)
    from glane.ingestion.summary import summary_lines as lines_of_ingest

    return lines_of_ingest(directory)


def _has_worked(job: Job) -> bool:
    """Whether a job ended with its run complete, be it of use or not."""
    return job.state == COMPLETED or job.exit_code.partition(":")[0] == str(UnusableError.exit_code)
