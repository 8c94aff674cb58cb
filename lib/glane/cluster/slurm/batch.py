"""The batch script and its submission, through submitit's public interface."""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import submitit
from submitit.core.utils import FailedJobError, JobPaths

from glane.cluster.private_folder import make_private_folder, private_umask
from glane.cluster.scheduler import Submission, Task
from glane.cluster.slurm.refusals import explained
from glane.errors import ConfigError
from glane.settings import SlurmSettings

_PACKAGE = Path(__file__).resolve().parents[2]  # with the shell scripts of `slurm/` in it, as in the checkout


def submit(cluster: SlurmSettings, task: Task, *, label: str) -> Submission:
    """Submit one job, or an array of several; see `Scheduler.submit`."""
    folder = _new_folder(cluster, label)
    executor = _executor(cluster, folder)
    try:
        with _undisturbed(cluster), private_umask():  # Slurm makes the log with the umask of the submitter
            job = executor.submit(task)
            names = _names(cluster, job.job_id)
            for name in names if cluster.array is not None else ():
                # All jobs of an array run the same pickle, and submitit looks for it under the name of each job.
                os.link(job.paths.submitted_pickle, JobPaths(folder, job_id=name).submitted_pickle)
    except FailedJobError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ConfigError(explained(str(error), cluster)) from None
    where = f"{cluster.nodes} node(s)" + (f" of partition {cluster.partition}" if cluster.partition else "")
    return Submission(
        job_names=names,
        where=where,
        log=JobPaths(folder, job_id=names[0]).stdout,
        cancel_command=f"scancel {job.job_id}",
    )


def script(cluster: SlurmSettings, task: Task, *, label: str) -> str:
    """Return the text that `submit` would submit.

    submitit writes a script only when it submits it. Here stand-ins for Slurm's commands accept it and do nothing.
    """
    folder = _new_folder(cluster, label)
    try:
        with tempfile.TemporaryDirectory() as commands, _undisturbed(cluster), private_umask():
            for name in ("sbatch", "srun"):  # submitit refuses to start without srun
                stand_in = Path(commands, name)
                stand_in.write_text("#!/bin/sh\necho Submitted batch job 0\n")
                stand_in.chmod(0o700)
            path = os.environ.get("PATH", os.defpath)
            with submitit.helpers.environment_variables(PATH=f"{commands}{os.pathsep}{path}"):
                return str(_executor(cluster, folder).submit(task).paths.submission_file.read_text())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _new_folder(cluster: SlurmSettings, label: str) -> Path:
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    base = Path(cluster.submission_dir or Path(state, "glane", "slurm")).expanduser().absolute()
    return make_private_folder(base, label=label, setting="cluster.submission_dir")


def _names(cluster: SlurmSettings, job_id: str) -> tuple[str, ...]:
    return (job_id,) if cluster.array is None else tuple(f"{job_id}_{index}" for index in range(cluster.array))


def _executor(cluster: SlurmSettings, folder: Path) -> Any:
    python = cluster.python or '"${GLANE_PYTHON[@]}"'
    executor = submitit.SlurmExecutor(
        folder=folder, python=f"{python} -m glane.cluster.slurm.start", max_num_timeout=cluster.max_requeues
    )
    srun_args = ["--no-kill", "--kill-on-bad-exit=0", "--wait=0"]
    further: dict[str, Any] = {"requeue": True, "no-kill": True}
    if cluster.array is not None:
        # For its own arrays, submitit would use the Python of this process instead of the command for the nodes.
        at_once = min(cluster.array, cluster.array_parallel or cluster.array)
        further |= {"array": f"0-{cluster.array - 1}%{at_once}", "output": f"{folder}/%A_%a_0_log.out"}
        srun_args += ["--output", f"{folder}/%A_%a_%t_log.out"]
    if cluster.time is not None:
        further["time"] = cluster.time
    executor.update_parameters(
        job_name=cluster.job_name,
        nodes=cluster.nodes,
        ntasks_per_node=1,
        cpus_per_task=cluster.cpus_per_node,
        gpus_per_node=cluster.gpus_per_node,
        mem=cluster.memory,
        partition=cluster.partition,
        qos=cluster.qos,
        account=cluster.account,
        constraint=cluster.constraint,
        # submitit's own defaults for these two; None leaves them to the site.
        time=None,
        wckey=None,
        signal_delay_s=cluster.warning_s,
        stderr_to_stdout=True,
        setup=[
            f"export GLANE_ROOT={shlex.quote(str(_PACKAGE))} GLANE_VENV=${{GLANE_VENV:-{shlex.quote(sys.prefix)}}}",
            'source "$GLANE_ROOT/slurm/begin.sh"',
            *cluster.setup,
        ],
        teardown=['source "$GLANE_ROOT/slurm/end.sh"'],
        srun_args=srun_args,
        additional_parameters=further | dict(cluster.sbatch),
    )
    return executor


# For sbatch these variables overrule the lines of a script, and submitit writes its requests as such lines.
_ALWAYS_HIDDEN = ("OUTPUT", "ERROR", "OPEN_MODE", "SIGNAL", "ARRAY_INX", "EXPORT", "NO_REQUEUE", "JOB_NAME")
_HIDDEN_IF_SET = {
    "partition": ("PARTITION",),
    "account": ("ACCOUNT",),
    "qos": ("QOS",),
    "constraint": ("CONSTRAINT",),
    "time": ("TIMELIMIT",),
    "memory": ("MEM_PER_NODE", "MEM_PER_CPU", "MEM_PER_GPU"),
    "gpus_per_node": ("GPUS_PER_NODE", "GPUS", "GRES", "GPUS_PER_TASK"),
    "cpus_per_node": ("CPUS_PER_GPU",),
}


@contextlib.contextmanager
def _undisturbed(cluster: SlurmSettings) -> Iterator[None]:
    """Hide the variables that would change the request: those of an enclosing job, and defaults for sbatch.

    Defaults are hidden only where the settings give a value. What submitit prints on stderr is hidden, too: its errors
    hold the same.
    """
    names = [name for name in os.environ if re.match(r"SLURM_(?!CONF$)|SRUN_|SUBMITIT_", name)]
    names += [f"SBATCH_{name}" for name in _ALWAYS_HIDDEN]
    for key, hidden in _HIDDEN_IF_SET.items():
        if getattr(cluster, key) is not None:
            names += [f"SBATCH_{name}" for name in hidden]
    former = {name: os.environ.pop(name) for name in names if name in os.environ}
    level = logging.getLogger("submitit").level
    logging.getLogger("submitit").setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        os.environ.update(former)
        logging.getLogger("submitit").setLevel(level)
