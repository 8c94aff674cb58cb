"""What sbatch says of a request without queueing it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from glane.cluster.scheduler import Task
from glane.cluster.slurm.commands import run
from glane.cluster.slurm.variables import hidden
from glane.errors import GlaneError
from glane.settings import SlurmSettings

_NOT_ASKED = (124, 127)  # exit codes of a command that did not answer, or is not there


class NoAnswerError(Exception):
    """Nobody said whether there is a job. Its arguments: what sbatch said instead, and the script."""


def is_refused(cluster: SlurmSettings) -> bool:
    """Whether `sbatch --test-only` refuses this; False if it does not answer."""
    return says_no(test_only(cluster)[0])


def says_no(code: int) -> bool:
    """Whether an exit code of `test_only` is a refusal."""
    return code not in (0, *_NOT_ASKED)


def test_only(cluster: SlurmSettings) -> tuple[int, str]:
    """What `sbatch --test-only` says of the script that a submission would be; nothing is queued."""
    from glane.cluster.slurm import batch

    try:
        script = batch.script(cluster, Task(module="glane.job.node", settings="{}"), label="test")
    except GlaneError as refusal:
        return 2, str(refusal)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "job.sh")
        path.write_text(script, encoding="utf-8")
        shown = [f"--unset={name}" for name in hidden(cluster)]
        code, output, error = run("env", *shown, "sbatch", "--test-only", str(path))
    lines = (error or output).strip().splitlines()
    return code, lines[-1].removeprefix("sbatch: ") if code == 0 and lines else "\n".join(lines) or f"exit code {code}"
