"""The folders of submissions: one each, with the batch script and the logs. Old ones are removed."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from glane.cluster.private_folder import private_umask
from glane.cluster.scheduler import OldFolder
from glane.cluster.slurm import queue
from glane.cluster.slurm.commands import site
from glane.cluster.slurm.site_file import read_site
from glane.errors import RecordError
from glane.records import Record, read_record
from glane.settings import SlurmSettings

_RECORD = "submission.json"
_SCRIPT = "submission.sh"
_OURS = (_RECORD, _SCRIPT, "*_log.out")


class SubmissionFolder(Record):
    """What a folder is of: jobs of the Slurm that is called `cluster`."""

    kind: Literal["glane submission folder"] = "glane submission folder"
    version: Literal[1] = 1
    cluster: str
    jobs: tuple[str, ...]


def base_folder(cluster: SlurmSettings) -> Path:
    """Where the folders are."""
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(cluster.submission_dir or Path(state, "glane", "slurm")).expanduser().absolute()


def keep_record(folder: Path, jobs: tuple[str, ...], script: str) -> None:
    """Write down what was submitted, for people, and what a folder is of: without that, it is never removed."""
    record = SubmissionFolder(cluster=site().get("ClusterName", ""), jobs=jobs)
    with contextlib.suppress(OSError), private_umask():
        (folder / _SCRIPT).write_text(script, encoding="utf-8")
        (folder / _RECORD).write_bytes(record.as_json())


def prune(base: Path) -> None:
    """Remove folders of this user whose jobs left the queue of this Slurm, and that nothing was written to for long.

    How long the site says (`kept_days`).

    A folder without a record of glane stays, and so does one with a file that is none of a submission.
    """
    days = read_site().kept_days
    for one in old_folders([path.parent for path in base.glob(f"*/{_RECORD}")], days=days):
        if not one.kept_because:
            remove_folder(one.path, days=days)


def old_folders(folders: Sequence[Path], *, days: float) -> list[OldFolder]:
    """Say of each folder why it is kept, if it is; see `Scheduler.old_folders`. The queue is asked once, if at all."""
    found = {folder: _record_or_reason(folder, days) for folder in folders}
    records = {folder: one for folder, one in found.items() if isinstance(one, SubmissionFolder)}
    queued = queue.names_in_queue() if records else None
    cluster = site().get("ClusterName") if queued is not None else None
    return [
        OldFolder(path=folder, kept_because=one if isinstance(one, str) else _why_needed(one, queued, cluster))
        for folder, one in found.items()
    ]


def remove_folder(folder: Path, *, days: float) -> bool:
    """Remove a folder that was found to be old, unless something was written to it since. Return whether it is gone."""
    with contextlib.suppress(OSError):  # another process may remove it, too
        if not isinstance(_record_or_reason(folder, days), str):
            for path in sorted(folder.iterdir(), key=lambda path: path.name == _RECORD):  # which says whose it is: last
                path.unlink()
            folder.rmdir()
    return not folder.exists()


def _record_or_reason(folder: Path, days: float) -> SubmissionFolder | str:
    """What a folder is of, if its files alone permit to remove it; why not, otherwise."""
    try:
        if not _is_own(folder):
            return "it is not yours"
        record = read_record(SubmissionFolder, folder / _RECORD)
        files = list(folder.iterdir())
        if any(path.is_symlink() or not any(path.match(pattern) for pattern in _OURS) for path in files):
            return "it holds files that are none of a submission"
        if _last_change(folder) > time.time() - days * 86400:
            return f"it was changed within {days:g} days"
    except (OSError, RecordError):
        return "nothing in it says that glane made it"
    return record


def _why_needed(record: SubmissionFolder, queued: set[str] | None, cluster: str | None) -> str:
    if queued is None:
        return "the queue does not answer"
    if record.cluster != cluster:
        return f"it is of another Slurm ({record.cluster})"
    waiting = sorted(queued.intersection(record.jobs))
    return f"job {waiting[0]} is in the queue" if waiting else ""


def _last_change(folder: Path) -> float:
    return max(path.lstat().st_mtime for path in (folder, *folder.iterdir()))


def _is_own(folder: Path) -> bool:
    return folder.lstat().st_uid == os.geteuid() and not folder.is_symlink()
