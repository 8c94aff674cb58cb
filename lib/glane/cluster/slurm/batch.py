"""The batch script and its submission, through submitit's public interface.

submitit would run a pickled function. Here, the script holds all that is run, and Slurm keeps its own copy from the
submission on: nobody who writes to a folder can change it. The pickle that submitit writes is never read, and removed.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import submitit
from submitit.core.utils import FailedJobError

from glane.cluster.code import MARK, mark_of_code
from glane.cluster.private_folder import make_private_folder, private_umask
from glane.cluster.scheduler import Submission, Task
from glane.cluster.slurm.ask_sbatch import NoAnswerError
from glane.cluster.slurm.folders import base_folder, keep_record, prune
from glane.cluster.slurm.lost import got_no_answer, look_for
from glane.cluster.slurm.refusals import explained
from glane.cluster.slurm.site_file import SITE, gpu_options, path_of_site, read_site
from glane.cluster.slurm.variables import hidden
from glane.errors import ConfigError
from glane.languages import say
from glane.settings import SlurmSettings

_PACKAGE = Path(__file__).resolve().parents[2]  # with the shell scripts of `slurm/` in it, as in the checkout


def submit(cluster: SlurmSettings, task: Task, *, label: str) -> Submission:
    """Submit one job, or an array of several; see `Scheduler.submit`."""
    folder = _new_folder(cluster, label)
    prune(folder.parent)
    try:
        try:
            job_id, text = _submitted(cluster, task, folder)
        except NoAnswerError as failure:
            job_id, text = _found_after_all(cluster, folder, failure)
    except FailedJobError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise ConfigError(explained(str(error), cluster)) from None
    names = _names(cluster, job_id)
    keep_record(folder, names, text)
    where = f"{cluster.nodes} node(s)" + (f" of partition {cluster.partition}" if cluster.partition else "")
    log = folder / f"{names[0]}_0_log.out"
    return Submission(job_id=job_id, job_names=names, where=where, log=log, cancel_command=f"scancel {job_id}")


def script(cluster: SlurmSettings, task: Task, *, label: str) -> str:
    """Return the text that `submit` would submit.

    submitit writes a script only when it submits it. Here stand-ins for Slurm's commands accept it and do nothing.
    """
    folder = _new_folder(cluster, label)
    try:
        with tempfile.TemporaryDirectory() as commands:
            for name in ("sbatch", "srun"):  # submitit refuses to start without srun
                stand_in = Path(commands, name)
                stand_in.write_text("#!/bin/sh\necho Submitted batch job 0\n")
                stand_in.chmod(0o700)
            path = os.environ.get("PATH", os.defpath)
            with submitit.helpers.environment_variables(PATH=f"{commands}{os.pathsep}{path}"):
                return _submitted(cluster, task, folder)[1]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _submitted(cluster: SlurmSettings, task: Task, folder: Path) -> tuple[str, str]:
    """The job, and the script that was submitted. Logs go to `folder`; submitit's own files are removed."""
    # private_umask: Slurm makes the log with the umask of the submitter.
    with tempfile.TemporaryDirectory() as own, _undisturbed(cluster), private_umask():
        try:
            job = _executor(cluster, task, own, folder).submit(_nothing)
        except FailedJobError as error:
            if not got_no_answer(str(error)):
                raise
            raise NoAnswerError(str(error), "".join(path.read_text() for path in Path(own).glob(".*.sh"))) from None
        return job.job_id, job.paths.submission_file.read_text()


def _found_after_all(cluster: SlurmSettings, folder: Path, failure: NoAnswerError) -> tuple[str, str]:
    """The job that Slurm took without telling so, and its script; raises a FailedJobError if there is none."""
    message, script = failure.args
    said = message.strip().splitlines()[-1].removeprefix("sbatch: error: ")
    say(f"sbatch got no answer ({said}); looking whether Slurm has the job …", to=sys.stderr)
    job_id = look_for(folder, job_name=cluster.job_name, message=said)
    if job_id is None:
        raise FailedJobError(message)
    say(f"it has: job {job_id}", to=sys.stderr)
    return job_id, script


def _nothing() -> None:
    """What submitit pickles in place of a task."""


def _new_folder(cluster: SlurmSettings, label: str) -> Path:
    return make_private_folder(base_folder(cluster), label=label, setting="cluster.submission_dir")


def _names(cluster: SlurmSettings, job_id: str) -> tuple[str, ...]:
    return (job_id,) if cluster.array is None else tuple(f"{job_id}_{index}" for index in range(cluster.array))


def _executor(cluster: SlurmSettings, task: Task, own: str, folder: Path) -> Any:
    executor = submitit.SlurmExecutor(folder=own, python=_command(cluster, task))
    executor.update_parameters(
        job_name=cluster.job_name,
        nodes=cluster.nodes,
        ntasks_per_node=1,
        cpus_per_task=cluster.cpus_per_node,
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
            *_variables(),
            f"export GLANE_ROOT={shlex.quote(str(_PACKAGE))} GLANE_VENV=${{GLANE_VENV:-{shlex.quote(sys.prefix)}}}",
            'source "$GLANE_ROOT/slurm/begin.sh"',
            *cluster.setup,
            f"GLANE_SETTINGS={shlex.quote(task.settings)}",
        ],
        teardown=['source "$GLANE_ROOT/slurm/end.sh"'],
        srun_args=[
            "--no-kill",
            "--kill-on-bad-exit=0",
            "--wait=0",
            "--open-mode=append",  # what the script itself said stands in the same file
            "--output",
            _log_pattern(cluster, folder, task="%t"),
        ],
        additional_parameters=_further_options(cluster, folder),
    )
    return executor


def _variables() -> list[str]:
    """The site's file, and what the code is: the job compares it with what it runs."""
    path, mark = path_of_site(), mark_of_code()
    told = {SITE: str(path) if path else None, MARK: mark}
    return [f"export {name}={shlex.quote(value)}" for name, value in told.items() if value]


def _command(cluster: SlurmSettings, task: Task) -> str:
    """What srun runs on each node. The "#" ends it: submitit adds what would load its pickle."""
    python = cluster.python or '"${GLANE_PYTHON[@]}"'
    # -P: the folder that the job was submitted from, which others may write to, is no place for modules.
    return f'{python} -u -P -m {task.module} < <(printf %s "$GLANE_SETTINGS") #'


def _log_pattern(cluster: SlurmSettings, folder: Path, *, task: str) -> str:
    """The path of a log with Slurm's own placeholders, of which the folder's path has none."""
    job = "%j" if cluster.array is None else "%A_%a"
    return f"{str(folder).replace('%', '%%')}/{job}_{task}_log.out"


def _further_options(cluster: SlurmSettings, folder: Path) -> dict[str, Any]:
    options: dict[str, Any] = {"requeue": True, "no-kill": True, "output": _log_pattern(cluster, folder, task="0")}
    if cluster.array is not None:
        at_once = min(cluster.array, cluster.array_parallel or cluster.array)
        options["array"] = f"0-{cluster.array - 1}%{at_once}"
    options |= {name: told for name in ("time", "dependency") if (told := getattr(cluster, name)) is not None}
    if cluster.sbatch.get("requeue") is False:
        options["no-requeue"] = True
    options |= {**cluster.sbatch, **gpu_options(cluster, read_site())}
    return {name: value for name, value in options.items() if value is not False}


@contextlib.contextmanager
def _undisturbed(cluster: SlurmSettings) -> Iterator[None]:
    """Hide the variables that would change the request.

    What submitit prints on stderr is hidden, too: its errors hold the same.
    """
    former = {name: os.environ.pop(name) for name in hidden(cluster)}
    level = logging.getLogger("submitit").level
    logging.getLogger("submitit").setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        os.environ.update(former)
        logging.getLogger("submitit").setLevel(level)
