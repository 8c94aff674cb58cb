"""The folders of submissions: one each, with the batch script and the logs. Old ones are removed."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from glane.cluster.private_folder import private_umask
from glane.cluster.slurm import queue
from glane.cluster.slurm.commands import site
from glane.errors import RecordError
from glane.records import Record, read_record
from glane.settings import SlurmSettings

KEPT_DAYS = 30
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
    """Remove folders of this user whose jobs left the queue of this Slurm, and that nothing was written to for a month.

    A folder without a record of glane stays, and so does one with a file that is none of a submission.
    """
    old = dict(_old_folders(base))
    queued = queue.names_in_queue() if old else None
    cluster = site().get("ClusterName") if queued is not None else None
    for folder, record in old.items():
        if queued is not None and record.cluster == cluster and queued.isdisjoint(record.jobs):
            _remove(folder)


def _old_folders(base: Path) -> Iterator[tuple[Path, SubmissionFolder]]:
    before = time.time() - KEPT_DAYS * 86400
    for path in base.glob(f"*/{_RECORD}"):
        try:
            if not path.is_symlink() and _last_change(path.parent) < before and _is_own(path.parent):
                yield path.parent, read_record(SubmissionFolder, path)
        except (OSError, RecordError):
            continue


def _last_change(folder: Path) -> float:
    return max(path.lstat().st_mtime for path in (folder, *folder.iterdir()))


def _is_own(folder: Path) -> bool:
    return folder.lstat().st_uid == os.geteuid() and not folder.is_symlink()


def _remove(folder: Path) -> None:
    with contextlib.suppress(OSError):  # another process may remove it, too
        files = list(folder.iterdir())
        if all(any(path.match(pattern) for pattern in _OURS) for path in files):
            for path in files:
                path.unlink()
            folder.rmdir()
