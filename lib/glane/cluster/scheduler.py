"""What glane asks of a batch scheduler. One folder beside this file implements it for one scheduler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from glane.settings import BatchSettings

UNKNOWN, PENDING, COMPLETED = "UNKNOWN", "PENDING", "COMPLETED"

Task = Callable[[], None]
"""What runs on each node, at every start of the job. It can be pickled, and leaves by `sys.exit`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job as its scheduler tells it. Times and nodes are in the scheduler's own words.

    So is the state, except for UNKNOWN, PENDING and COMPLETED, which mean the same everywhere.
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
        """Whether the scheduler told anything about it."""
        return self.state != UNKNOWN

    @property
    def shown_state(self) -> str:
        """The state, with what one wants to know beside it."""
        if self.state == PENDING:
            start = f", expected to start {self.expected_start}" if self.expected_start else ""
            return f"{PENDING} ({self.reason}{start})"
        where = f" on {self.nodes}" if self.nodes and not self.is_over else ""
        code = f" (exit {self.exit_code})" if self.exit_code and self.is_over else ""
        return f"{self.state}{where}{code}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """One task's view of its job. There is one task per node."""

    job_id: str
    name: str  # as the scheduler's queue shows it: 12, or 12_3 in an array
    restarts: int  # how often the scheduler has started this job before
    rank: int  # 0 leads
    num_nodes: int
    host: str
    launch_address: str  # of the first node, where the batch script runs
    cpus: int
    gpus: int
    array_share: float  # where in the plan this job of an array begins, 0 to 1
    secret: bytes  # known to this job's processes only
    exit_code_file: Path | None = None  # the first node writes there what the batch script ends with


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What was submitted, and how a user follows it."""

    job_names: tuple[str, ...]  # one, or one for each job of an array
    where: str  # on what it will run: 2 node(s) of partition gpu
    log: Path  # of the first job
    cancel_command: str


class Scheduler(Protocol):
    """A batch scheduler. Its settings are a `BatchSettings` of its own kind."""

    @property
    def title(self) -> str:
        """Its name in messages."""

    @property
    def interactive_command(self) -> str:
        """What a user types to get a node with a terminal."""

    def complaint(self, cluster: BatchSettings) -> str | None:
        """Say why this cannot be submitted, with the key to change, or return None.

        Includes what the scheduler would accept and then never start.
        """

    def submit(self, cluster: BatchSettings, task: Task, *, label: str) -> Submission:
        """Submit one job, or the jobs of `cluster.array`. `label` names its files for people.

        Raises:
            ConfigError: if it is refused, with the scheduler's reason and the key to change.
        """

    def script(self, cluster: BatchSettings, task: Task, *, label: str) -> str:
        """Return the text of the batch script that `submit` would submit. Submits nothing.

        Raises:
            ConfigError: if the files of a submission have no safe place.
        """

    def jobs(self, names: Sequence[str]) -> list[Job]:
        """Return what is known of each job, in the order of `names`. A job that is not known is UNKNOWN."""

    def requeue(self, job_id: str) -> str | None:
        """Put a running job back into the queue. Return the complaint, None if there is none."""

    def cancel(self, job_id: str) -> None:
        """End a job."""

    def is_node_up(self, host: str) -> bool:
        """Whether the node still runs. True where that cannot be known."""

    def is_inside_own_job(self) -> bool:
        """Whether this process is a task of a job that was submitted to run glane."""

    def allocation(self) -> Allocation:
        """Return what this task was given.

        Raises:
            ConfigError: if this is no task of such a job, or there is not one task per node.
        """

    def job_name(self) -> str | None:
        """Return the job that this process belongs to, whoever submitted it; None outside of one."""
