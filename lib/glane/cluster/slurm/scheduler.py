"""Slurm as a scheduler of glane's jobs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from glane.cluster.findings import Findings
from glane.cluster.scheduler import Allocation, Job, OldFolder, Submission, Task
from glane.cluster.slurm import allocation, ask_sbatch, commands, queue, refusals, site_checks, site_file
from glane.cluster.slurm.exclusion import excluding
from glane.cluster.slurm.folders import old_folders, remove_folder
from glane.cluster.slurm.forgotten_gpus import forgotten_gpus
from glane.errors import GlaneError
from glane.settings import BatchSettings, SlurmSettings
from glane.settings.keep import Keep


class Slurm:
    """See `glane.cluster.scheduler.Scheduler`. submitit is imported only to submit, so that a status is fast."""

    title = "Slurm"
    interactive_command = "srun --pty bash"

    def with_site(self, cluster: BatchSettings) -> BatchSettings:
        """Read the site's file."""
        return _own(cluster)

    def site_log(self) -> Path | None:
        """Read it from the site's file, if that can be read here: a container may not see it."""
        try:
            log = site_file.read_site().log
        except GlaneError:
            return None
        return Path(log) if log else None

    def audit(self) -> Path | None:
        """Read it from the site's file."""
        told = site_file.audit_of_site()
        return Path(told) if told else None

    def keep(self) -> Keep:
        """Read it from the site's file."""
        return site_file.read_site().keep

    def least_poll_s(self) -> float:
        """Read it from the site's file."""
        return site_file.read_site().least_poll_s

    def catalogue(self) -> str | None:
        """Read it from the site's file."""
        return site_file.read_site().models

    def complaint(self, cluster: BatchSettings) -> str | None:
        """Return that there is no Slurm here, or what it would never start."""
        own = _own(cluster)
        return commands.missing() or refusals.complaint(own, lambda: ask_sbatch.is_refused(own))

    def forgotten_gpus(self, cluster: BatchSettings) -> str | None:
        """Compare the request with what sinfo says of its partitions."""
        return forgotten_gpus(_own(cluster))

    def excluding(self, cluster: BatchSettings, nodes: Collection[str]) -> BatchSettings:
        """Add them to --exclude."""
        return excluding(_own(cluster), nodes)

    def findings(self, cluster: BatchSettings) -> Findings:
        """Ask each of Slurm's commands, and sbatch for its opinion of the request."""
        return site_checks.findings(_own(cluster))

    def most_gpus(self, cluster: BatchSettings) -> int | None:
        """Ask sinfo."""
        return site_checks.most_gpus(_own(cluster))

    def findings_on_node(self) -> Findings:
        """Ask for scontrol."""
        return site_checks.findings_on_node()

    def submit(self, cluster: BatchSettings, task: Task, *, label: str) -> Submission:
        """Submit through sbatch."""
        from glane.cluster.slurm import batch

        return batch.submit(_own(cluster), task, label=label)

    def script(self, cluster: BatchSettings, task: Task, *, label: str) -> str:
        """Return the script that sbatch would be given."""
        from glane.cluster.slurm import batch

        return batch.script(_own(cluster), task, label=label)

    def jobs(self, names: Sequence[str]) -> list[Job]:
        """Ask squeue, and sacct for the jobs that left it."""
        return queue.jobs(names)

    def answers(self) -> bool:
        """Ask squeue."""
        return queue.names_in_queue() is not None

    def old_folders(self, folders: Sequence[Path], *, days: float) -> list[OldFolder]:
        """Read their records, and ask squeue once."""
        return old_folders(folders, days=days)

    def remove_folder(self, folder: Path, *, days: float) -> bool:
        """Look at its files again, and remove it."""
        return remove_folder(folder, days=days)

    def requeue(self, job_id: str) -> str | None:
        """Ask scontrol."""
        return queue.requeue(job_id)

    def cancel(self, job_id: str) -> None:
        """Ask scancel."""
        queue.cancel(job_id)

    def seconds_left(self, job_id: str) -> float | None:
        """Ask squeue."""
        return queue.seconds_left(job_id)

    def is_node_up(self, host: str) -> bool:
        """Ask the node's own daemon."""
        return queue.is_node_up(host)

    def is_inside_own_job(self) -> bool:
        """Read it from the environment."""
        return allocation.is_inside_own_job()

    def allocation(self) -> Allocation:
        """Read it from the environment that srun sets."""
        return allocation.read_allocation()

    def job_name(self) -> str | None:
        """Read it from the environment."""
        return allocation.job_name()


def _own(cluster: BatchSettings) -> SlurmSettings:
    assert isinstance(cluster, SlurmSettings)
    try:
        return site_file.with_site(cluster)
    except GlaneError:
        if allocation.is_inside_own_job():
            return cluster  # in a container, which may not see the file
        raise
