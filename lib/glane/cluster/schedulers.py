"""The registry of schedulers. A new one takes a folder, a kind of settings, and a line here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from glane.cluster.scheduler import UNKNOWN, Job, OldFolder, Scheduler
from glane.cluster.slurm.scheduler import Slurm
from glane.settings import BatchSettings
from glane.settings.keep import KINDS, Keep

SCHEDULERS: dict[str, Scheduler] = {"slurm": Slurm()}
"""The schedulers by `cluster.kind`."""


def scheduler_of(cluster: BatchSettings) -> Scheduler:
    """Return the scheduler that these settings are for."""
    return SCHEDULERS[cluster.kind]


def find_jobs(names: Sequence[str]) -> list[Job]:
    """Return the jobs in the order of `names`, each from the first scheduler that knows it."""
    found = {name: Job(name=name, state=UNKNOWN) for name in names}
    for scheduler in SCHEDULERS.values():
        missing = [name for name in names if not found[name].is_known]
        found |= {job.name: job for job in scheduler.jobs(missing)}
    return [found[name] for name in names]


def all_answer() -> bool:
    """Return whether each scheduler can be asked now: else a job that none knows may wait in the queue of one."""
    return all(scheduler.answers() for scheduler in SCHEDULERS.values())


def keep() -> Keep:
    """Return how long sites want files of runs to be kept; of several schedulers, the longest age of each kind."""
    said = [scheduler.keep() for scheduler in SCHEDULERS.values()]
    ages = {kind: [age for one in said if (age := one.of(kind)) is not None] for kind in KINDS}
    return Keep().model_copy(update={kind: max(found, default=None) for kind, found in ages.items()})


def least_poll_s() -> float:
    """Return how long a command that asks all schedulers waits between two questions, at least, in seconds."""
    return max(scheduler.least_poll_s() for scheduler in SCHEDULERS.values())


def catalogue_of_site() -> str | None:
    """Return the folder of staged models that the site's file names; None if it names none.

    Raises:
        ConfigError: if the file is wrong.
    """
    return next((folder for scheduler in SCHEDULERS.values() if (folder := scheduler.catalogue())), None)


def audit_of_sites() -> Path | None:
    """Return the folder of the audit log that a site's file names; None if none does.

    Raises:
        ConfigError: if one does, and is wrong.
    """
    return next((path for scheduler in SCHEDULERS.values() if (path := scheduler.audit()) is not None), None)


def current_job_name() -> str | None:
    """Return the job of any scheduler that this process belongs to; None outside of one."""
    return next((name for scheduler in SCHEDULERS.values() if (name := scheduler.job_name())), None)


def old_folders(folders: Sequence[Path], *, days: float) -> list[tuple[Scheduler, OldFolder]]:
    """Say of folders of submissions which can be removed, each with the scheduler whose it is.

    Where none of the schedulers would remove a folder, the first one says why.
    """
    found: dict[Path, tuple[Scheduler, OldFolder]] = {}
    for scheduler in SCHEDULERS.values():
        left = [folder for folder in folders if folder not in found or found[folder][1].kept_because]
        for one in scheduler.old_folders(left, days=days):
            if one.path not in found or not one.kept_because:
                found[one.path] = (scheduler, one)
    return [found[folder] for folder in folders]
