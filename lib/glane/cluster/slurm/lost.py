"""A submission that sbatch got no answer to: Slurm may have taken the job all the same."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from glane.cluster.slurm.commands import run
from glane.errors import RunError

# What sbatch says if it was not told whether there is a job. A refusal is another thing: there is none then.
_NO_ANSWER = re.compile(
    r"timed out|zero bytes were transmitted|unable to contact slurm controller|communication (connection|shutdown)"
    r"|connection (refused|reset|failure)|transport endpoint|unexpected message received|protocol authentication error"
    r"|broken pipe",
    re.IGNORECASE,
)
_PAUSES_S = (2.0, 8.0, 20.0, 30.0)  # before each look: a controller that is too busy may be so for a while
_ENOUGH = 2  # looks at a queue that answers and has no such job


def got_no_answer(message: str) -> bool:
    """Whether a failure of sbatch leaves open if the job was taken."""
    return _NO_ANSWER.search(message) is not None


def look_for(folder: Path, *, job_name: str, message: str) -> str | None:
    """Return the id of this user's job whose log goes to `folder`; None if Slurm has none. Takes up to a minute.

    Args:
        folder: Of the submission; no other has that name.
        job_name: As it was asked for.
        message: What sbatch said.

    Raises:
        RunError: if Slurm's queue does not answer either.
    """
    answers = 0
    for pause_s in _PAUSES_S:
        time.sleep(pause_s)
        candidates = _ids(job_name)
        if candidates is None:
            continue
        if (job_id := next(_of(folder, candidates), None)) is not None:
            return job_id
        answers += 1
        if answers == _ENOUGH:
            return None
    if answers:
        return None
    raise RunError(
        f"sbatch got no answer ({message}), and neither does squeue: nobody knows whether there is a job. Look before "
        f"you submit again: squeue --name={job_name} --user={os.geteuid()}. If there is one, its log is in {folder}; "
        "two jobs of one run do no harm, they share the work."
    )


def _ids(job_name: str) -> list[str] | None:
    """The jobs of this user by that name, without the indices of arrays; None if the queue does not answer."""
    options = ["--noheader", "--states=all", f"--user={os.geteuid()}", f"--name={job_name}", "--format=%F"]
    code, output, _ = run("squeue", *options)
    return list(dict.fromkeys(output.split())) if code == 0 else None


def _of(folder: Path, ids: Sequence[str]) -> Iterator[str]:
    for job_id in reversed(ids):  # the newest first
        _, output, _ = run("scontrol", "show", "job", job_id)
        if re.search(rf"StdOut=[^\n]*/{re.escape(folder.name)}/", output):
            yield job_id
