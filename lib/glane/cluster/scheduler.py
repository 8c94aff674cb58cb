"""The protocol of batch schedulers. Each is implemented in a folder beside this file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from glane.cluster.findings import Findings
from glane.settings import BatchSettings
from glane.settings.keep import Keep

UNKNOWN, PENDING, COMPLETED = "UNKNOWN", "PENDING", "COMPLETED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What runs on each node, at every start of the job. Its exit code is that of the node's part."""

    module: str  # as in `python -m MODULE`
    settings: str  # JSON, which the module reads from its standard input


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job as its scheduler reports it. State, times and nodes are in the scheduler's own words.

    Only the states UNKNOWN, PENDING and COMPLETED mean the same for every scheduler.
    """

    name: str  # 12, or 12_3 in an array
    state: str
    reason: str = ""
    expected_start: str = ""
    elapsed: str = ""
    time_limit: str = ""
    nodes: str = ""
    exit_code: str = ""
    requeues: int = 0
    is_over: bool = False  # it will not run again

    @property
    def is_known(self) -> bool:
        """Whether the scheduler knows the job."""
        return self.state != UNKNOWN

    @property
    def is_live(self) -> bool:
        """Whether it waits or is at work."""
        return self.is_known and not self.is_over

    @property
    def is_at_work(self) -> bool:
        """Whether it has begun and is not over."""
        return self.is_live and self.state != PENDING

    @property
    def shown_state(self) -> str:
        """The state, with its reason, nodes or exit code, for people."""
        if self.state == PENDING:
            start = f", expected to start {self.expected_start}" if self.expected_start else ""
            return f"{PENDING} ({self.reason}{start})"
        where = f" on {self.nodes}" if self.nodes and not self.is_over else ""
        code = f" (exit {self.exit_code})" if self.exit_code and self.is_over else ""
        return f"{self.state}{where}{code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """What the scheduler gave to this task of a job. There is one task per node."""

    job_id: str
    name: str  # as the scheduler's queue shows it: 12, or 12_3 in an array
    restarts: int  # how often the scheduler has started this job before
    rank: int  # 0 for the first node, which leads
    num_nodes: int
    host: str
    nodes: tuple[str, ...] = ()  # names and addresses of all nodes, as far as the scheduler tells them
    launch_address: str  # of the first node, where a batch script runs
    cpus: int
    gpus: int  # that are seen
    granted_gpus: int  # by the scheduler
    array_share: float  # where in the plan this job of an array begins, 0 to 1
    secret: bytes  # known to this job's processes only
    # The first node writes there how the batch script is to end: its exit code, and "requeue" if it is to put the job
    # back into the queue, or "complete" if jobs of its array that have not started have nothing to do.
    exit_code_file: Path | None = None
    account: str = ""  # that the scheduler charges; empty where it has none
    gpu_partitions: tuple[str, ...] = ()  # where the cluster has GPUs; told only if this job was given none
    is_interactive: bool = False  # a shell of the user's: nobody warns it of its end, and it cannot be requeued
    ends_at: float | None = None  # when the time limit is reached, in seconds since 1970, as known at the start


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A submission, and how a user follows it."""

    job_id: str  # of the job or the whole array: what other jobs may depend on
    job_names: tuple[str, ...]  # one, or one for each job of an array
    where: str  # for people, such as: 2 node(s) of partition gpu
    log: Path  # of the first job
    cancel_command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OldFolder:
    """The folder of a submission, and why it is kept; it can be removed if nothing is said."""

    path: Path
    kept_because: str = ""


class Scheduler(Protocol):
    """A batch scheduler. Its settings are a `BatchSettings` of its own kind."""

    @property
    def title(self) -> str:
        """Its name in messages."""

    @property
    def interactive_command(self) -> str:
        """The command by which a user gets a node with a terminal."""

    def with_site(self, cluster: BatchSettings) -> BatchSettings:
        """Return the settings with what the site says where they say nothing.

        Raises:
            ConfigError: if what the site says is wrong.
        """

    def site_log(self) -> Path | None:
        """Return the file where the site wants a line for each job that has ended; None if it wants none."""

    def audit(self) -> Path | None:
        """Return the folder of the site's audit log; None if it has none.

        Raises:
            ConfigError: if the site's file names one, and is wrong.
        """

    def keep(self) -> Keep:
        """Return how long the site wants files of runs to be kept, as far as it says."""

    def least_poll_s(self) -> float:
        """Return how long one command waits between two questions to the scheduler, at least, in seconds."""

    def catalogue(self) -> str | None:
        """Return the folder of staged models that the site names; None if it names none."""

    def complaint(self, cluster: BatchSettings) -> str | None:
        """Return why this cannot be submitted, with the key to change; None if it can.

        That includes requests that the scheduler would accept and then never start.
        """

    def forgotten_gpus(self, cluster: BatchSettings) -> str | None:
        """Return that this asks for no GPU where nodes have some, with the key to set; None if that is no fault.

        It is asked for work that needs GPUs.
        """

    def excluding(self, cluster: BatchSettings, nodes: Collection[str]) -> BatchSettings:
        """Return the settings that also keep off these nodes; unchanged if too few others would be left."""

    def findings(self, cluster: BatchSettings) -> Findings:
        """Check whether the scheduler is there, answers, and would take this request. Submits nothing."""

    def most_gpus(self, cluster: BatchSettings) -> int | None:
        """Return the most GPUs that a node has where this would run; None if that is not known."""

    def findings_on_node(self) -> Findings:
        """Check, on a node, whether a job can ask the scheduler what it needs to, such as to be requeued."""

    def submit(self, cluster: BatchSettings, task: Task, *, label: str) -> Submission:
        """Submit one job, or the jobs of `cluster.array`. `label` is part of the names of its files.

        Raises:
            ConfigError: if the scheduler refuses, with its reason and the key to change.
            RunError: if it does not say whether it took the job, and cannot be asked.
        """

    def script(self, cluster: BatchSettings, task: Task, *, label: str) -> str:
        """Return the text of the batch script that `submit` would submit. Submits nothing.

        Raises:
            ConfigError: if others could change the files of a submission.
        """

    def jobs(self, names: Sequence[str]) -> list[Job]:
        """Return the jobs in the order of `names`. The state of one that the scheduler does not know is UNKNOWN."""

    def answers(self) -> bool:
        """Whether it can be asked here and now: else no job is known, and may wait all the same."""

    def old_folders(self, folders: Sequence[Path], *, days: float) -> list[OldFolder]:
        """Say of folders of submissions which can be removed: ours, unchanged for `days`, and no job of them waits."""

    def remove_folder(self, folder: Path, *, days: float) -> bool:
        """Remove such a folder, unless it was changed meanwhile. Return whether it is gone."""

    def requeue(self, job_id: str) -> str | None:
        """Put a running job back into the queue. Return why that failed; None if it did not."""

    def cancel(self, job_id: str) -> None:
        """End a job."""

    def seconds_left(self, job_id: str) -> float | None:
        """Return what is left of a running job's time limit, in seconds; None if there is none, or nobody knows."""

    def is_node_up(self, host: str) -> bool:
        """Whether the node is up. True where that cannot be known."""

    def is_inside_own_job(self) -> bool:
        """Whether this process is a task of a job that was submitted to run glane."""

    def allocation(self) -> Allocation:
        """Return what the scheduler gave to this task.

        Raises:
            ConfigError: if this is no task of such a job, or there is not one task per node.
        """

    def job_name(self) -> str | None:
        """Return the job that this process belongs to, whoever submitted it; None outside of one."""
