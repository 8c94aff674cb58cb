"""The starts of a run and the jobs that were submitted for it, each as a line in the ledger."""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from glane.errors import RecordError
from glane.plain_values import json_values
from glane.records import Record, parse_record
from glane.regular import content_of
from glane.run.directory import RunDirectory
from glane.run.environment import Environment, environment
from glane.run.heartbeat import job_name


class Start(Record):
    """One start of a run. It holds what may differ between starts because the result does not depend on it."""

    kind: Literal["glane start"] = "glane start"
    version: Literal[1] = 1
    time: str
    pid: int
    job: str | None
    cluster: Mapping[str, Any]
    environment: Environment


class SubmissionEntry(Record):
    """Jobs that were submitted for a run. `time` is in seconds since 1970."""

    kind: Literal["glane submission"] = "glane submission"
    version: Literal[1] = 1
    time: float
    jobs: tuple[str, ...]
    log: str


def record_start(directory: RunDirectory, *, cluster: Mapping[str, Any]) -> None:
    """Append this start."""
    start = Start(
        time=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        pid=os.getpid(),
        job=job_name(),
        cluster=cluster,
        environment=environment(),
    )
    directory.append_record(_starts(directory), start)


def record_submission(directory: RunDirectory, submission: SubmissionEntry) -> None:
    """Append jobs that were submitted."""
    directory.append_record(_submissions(directory), submission)


def starts(directory: RunDirectory) -> list[Start]:
    """All starts of a run, the oldest first."""
    return list(record_lines(Start, _starts(directory)))


def last_start(directory: RunDirectory) -> Start | None:
    """The last start of a run; None if there was none."""
    found = starts(directory)
    return found[-1] if found else None


def submissions(directory: RunDirectory) -> list[SubmissionEntry]:
    """All submissions for a run, the oldest first."""
    return list(record_lines(SubmissionEntry, _submissions(directory)))


def job_names(directory: RunDirectory) -> list[str]:
    """The jobs that were submitted for this run, then others that worked on it; each once, oldest first."""
    found = [name for submission in submissions(directory) for name in submission.jobs]
    found += [start.job for start in starts(directory) if start.job is not None]
    return list(dict.fromkeys(found))


def _starts(directory: RunDirectory) -> Path:
    return directory.ledger / "starts.jsonl"


def _submissions(directory: RunDirectory) -> Path:
    return directory.ledger / "submissions.jsonl"


R = TypeVar("R", bound=Record)


def record_lines(model: type[R], path: Path) -> Iterator[R]:
    """The records of a file, one a line. A line that cannot be read is skipped: the last may be half written."""
    with contextlib.suppress(OSError):
        for line in content_of(path).splitlines():
            with contextlib.suppress(ValueError, RecordError):
                yield parse_record(model, json_values(line), place=path)
