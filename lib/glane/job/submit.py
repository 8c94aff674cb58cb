"""From a login node to Slurm's queue, through submitit."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import re
import shlex
import shutil
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import submitit
from submitit.core.utils import FailedJobError

from glane.cluster import slurm
from glane.cluster.allocation import is_inside_own_job, read_allocation
from glane.corpus.files import inspect_files
from glane.errors import ConfigError
from glane.extraction.prepare import open_directory
from glane.job.launcher import launch
from glane.job.notes import tell_notes
from glane.job.sentinels import check_sentinels
from glane.job.wait import wait
from glane.run.directory import RunDirectory
from glane.settings import ExtractSettings, SlurmSettings
from glane.task.task import load_task

_ROOT = Path(__file__).resolve().parents[3]


class _Executor(submitit.SlurmExecutor):
    """submitit's, without its own defaults for what the settings leave to the site."""

    defaults_to_drop: tuple[str, ...] = ("--wckey=submitit",)

    def submit_all(self, tasks: Sequence[NodeTask]) -> list[Any]:
        """Submit one job, or an array of several."""
        if len(tasks) == 1:
            return [self.submit(tasks[0])]
        with self.batch():
            return [self.submit(task) for task in tasks]

    def _make_submission_file_text(self, command: str, uid: str) -> str:
        lines = super()._make_submission_file_text(command, uid).splitlines()
        return "\n".join(line for line in lines if not line.endswith(self.defaults_to_drop)) + "\n"

    def _internal_process_submissions(self, delayed_submissions: list[Any]) -> list[Any]:
        """As submitit's, which would hand an array to an executor without our changes."""
        if len(delayed_submissions) == 1:
            return list(super()._internal_process_submissions(delayed_submissions))
        self.folder.mkdir(parents=True, exist_ok=True)
        pickles = []
        for delayed in delayed_submissions:
            pickles.append(self.folder / f"{uuid.uuid4().hex}.pkl")
            delayed.set_timeout(0, self.max_num_timeout)
            delayed.dump(pickles[-1])
        self.parameters["map_count"] = len(pickles)
        first = self._submit_command(self._submitit_command_str)
        jobs = [
            submitit.SlurmJob(folder=self.folder, job_id=f"{first.job_id}_{index}", tasks=[0])
            for index in range(len(pickles))
        ]
        for job, pickle in zip(jobs, pickles, strict=True):
            job.paths.move_temporary_file(pickle, "submitted_pickle")
        return jobs


class NodeTask:
    """What runs on each node: pickled at submission, and again called after each requeue."""

    def __init__(self, settings: ExtractSettings) -> None:
        self.settings = settings

    def __call__(self) -> None:
        """Do the node's part; leave with its exit code."""
        sys.exit(launch(self.settings, read_allocation()))


def extract_on_slurm(settings: ExtractSettings) -> None:
    """Submit; or, as a task of a job that was submitted for this, do the node's part and leave with its exit code.

    Raises:
        GlaneError: for what a user can mend.
    """
    assert isinstance(settings.cluster, SlurmSettings)
    _refuse_terminal_only(settings)
    if is_inside_own_job():
        sys.exit(launch(settings, read_allocation()))
    ids = submit(settings)
    if settings.cluster.wait and ids:
        wait(settings, ids, log=_log_pattern(_directory(settings), ids[0]))


def submit(settings: ExtractSettings) -> list[str]:
    """Submit the job, say how to follow it, and return the job ids (several for an array).

    With `cluster.dry_run`, print the batch script and submit nothing.

    Raises:
        GlaneError: for a request that this cluster cannot serve, with Slurm's reason and the key to change.
    """
    cluster = settings.cluster
    assert isinstance(cluster, SlurmSettings)
    _check(settings)
    settings = _absolute(settings)
    directory = _directory(settings)
    with _undisturbed(cluster):
        executor = _executor(settings, directory)
        if cluster.dry_run:
            if cluster.array is not None:
                executor.parameters["map_count"] = cluster.array
            print(executor._make_submission_file_text(executor._submitit_command_str, uuid.uuid4().hex))
            return []
        if complaint := slurm.complaint(cluster):
            raise ConfigError(complaint)
        is_new = not directory.root.exists()
        open_directory(directory).create()
        os.umask(0o077)  # Slurm makes the log with the submitter's mask
        task = NodeTask(settings)
        try:
            with contextlib.redirect_stderr(io.StringIO()):  # submitit repeats there what the error holds
                jobs = executor.submit_all([task] * (cluster.array or 1))
        except FailedJobError as error:
            if is_new:
                shutil.rmtree(directory.root, ignore_errors=True)
            raise ConfigError(slurm.explained(str(error), cluster)) from None
    ids = [job.job_id for job in jobs]
    directory.append_line(directory.ledger / "submissions.jsonl", json.dumps({"time": time.time(), "jobs": ids}))
    _say(settings, directory, ids)
    return ids


def _refuse_terminal_only(settings: ExtractSettings) -> None:
    if settings.preview:
        raise ConfigError(
            "preview prints documents to a terminal, and a job has none. Get a node interactively (srun --pty bash) "
            "and preview there with cluster=local."
        )
    if settings.show and not (isinstance(settings.cluster, SlurmSettings) and settings.cluster.wait):
        raise ConfigError("show prints rows when the job is done: it needs cluster.wait=true.")


def _check(settings: ExtractSettings) -> None:
    """What can be known to be wrong before a node is asked for. Reads footers of the data, no text."""
    task, data = load_task(settings.task), settings.data
    tell_notes(task)
    check_sentinels(task)
    inspect_files(
        data.path,
        id_column=data.id_column,
        text_column=data.text_column,
        other_columns=[*data.carry_columns, *task.input_columns],
    )
    if (
        settings.model.engine == "vllm"
        and Path(settings.model.path).is_absolute()
        and not Path(settings.model.path).exists()
    ):
        raise ConfigError(f"model.path: {settings.model.path} does not exist here. Is it on the shared file system?")


def _absolute(settings: ExtractSettings) -> ExtractSettings:
    """Paths as the nodes will need them, whatever their working directory is."""
    pilot = None if settings.run.pilot is None else str(Path(settings.run.pilot).expanduser().absolute())
    run = settings.run.model_copy(update={"dir": str(Path(settings.run.dir).absolute()), "pilot": pilot})
    data = settings.data.model_copy(update={"path": str(Path(settings.data.path).absolute())})
    task = dict(settings.task)
    if task.get("sentinels") is not None:
        task["sentinels"] = str(Path(task["sentinels"]).expanduser().absolute())
    return settings.model_copy(update={"run": run, "data": data, "task": task})


def _directory(settings: ExtractSettings) -> RunDirectory:
    return RunDirectory(root=Path(settings.run.dir).absolute(), group_access=settings.run.group_access)


def _executor(settings: ExtractSettings, directory: RunDirectory) -> Any:
    cluster = settings.cluster
    assert isinstance(cluster, SlurmSettings)
    if complaint := slurm.missing():
        raise ConfigError(complaint)
    executor = _Executor(
        folder=directory.ledger / "slurm",
        python=cluster.python or '"${GLANE_PYTHON[@]}"',
        max_num_timeout=cluster.max_requeues,
    )
    options: dict[str, Any] = {
        "job_name": cluster.job_name,
        "nodes": cluster.nodes,
        "ntasks_per_node": 1,
        "cpus_per_task": cluster.cpus_per_node,
        "gpus_per_node": cluster.gpus_per_node,
        "mem": cluster.memory,
        "partition": cluster.partition,
        "qos": cluster.qos,
        "account": cluster.account,
        "constraint": cluster.constraint,
        "signal_delay_s": cluster.warning_s,
        "stderr_to_stdout": True,
        "setup": [
            f"export GLANE_ROOT={shlex.quote(str(_ROOT))}",
            'source "$GLANE_ROOT/slurm/begin.sh"',
            *cluster.setup,
        ],
        "teardown": ['source "$GLANE_ROOT/slurm/end.sh"'],
        "srun_args": ["--no-kill", "--kill-on-bad-exit=0", "--wait=0"],
        "additional_parameters": {"requeue": True, "no-kill": True, **cluster.sbatch},
    }
    if cluster.array is not None:
        options["array_parallelism"] = cluster.array_parallel or cluster.array
    if cluster.time is not None:
        options["additional_parameters"]["time"] = cluster.time
    else:
        executor.defaults_to_drop += ("--time=5",)
    executor.update_parameters(**{key: value for key, value in options.items() if value is not None})
    return executor


def _say(settings: ExtractSettings, directory: RunDirectory, ids: list[str]) -> None:
    cluster = settings.cluster
    assert isinstance(cluster, SlurmSettings)
    job = ids[0].split("_")[0]
    what = f"{len(ids)} jobs {ids[0]} … {ids[-1]}" if len(ids) > 1 else f"job {job}"
    where = f"{cluster.nodes} node(s)" + (f" of partition {cluster.partition}" if cluster.partition else "")
    status = Path("jobs/status.py") if Path("jobs/status.py").exists() else _ROOT / "jobs" / "status.py"
    print(f"submitted  {what}, {where}")
    print(f"run        {settings.run.dir}")
    print(f"status     python {status} run.dir={shlex.quote(settings.run.dir)}")
    print(f"log        tail -F {_log_pattern(directory, ids[0])}")
    print(f"cancel     scancel {job}")


def _log_pattern(directory: RunDirectory, job: str) -> str:
    return shlex.quote(str(directory.ledger / "slurm" / f"{job}_0_log.out"))


# sbatch lets these variables overrule the lines of a script, and what submitit asks for are such lines.
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
    """Hide what would change the request: variables of an enclosing job, sbatch's defaults that settings overrule."""
    names = [name for name in os.environ if re.match(r"SLURM_(?!CONF$)|SRUN_|SUBMITIT_", name)]
    names += [f"SBATCH_{name}" for name in _ALWAYS_HIDDEN]
    for key, hidden in _HIDDEN_IF_SET.items():
        if getattr(cluster, key) is not None:
            names += [f"SBATCH_{name}" for name in hidden]
    former = {name: os.environ.pop(name) for name in names if name in os.environ}
    level = logging.getLogger("submitit").level
    logging.getLogger("submitit").setLevel(logging.ERROR)
    try:
        yield
    finally:
        os.environ.update(former)
        logging.getLogger("submitit").setLevel(level)
