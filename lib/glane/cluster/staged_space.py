"""Room for copies of weights on a node's disk: how much there is, and copies that nobody uses removed for it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import stat
import time
import uuid
from pathlib import Path

LOCK = "lock"
_COPY, _GONE = re.compile(r".+-[0-9a-f]{32}"), ".gone-"
_RESERVE = 2 * 2**30  # bytes that are left to others
_KEPT_S = 14 * 86400.0  # a copy that no job used for so long is removed
_IN_MEMORY = ("tmpfs", "ramfs")


class NotStaged(Exception):
    """Why the weights are read where they are."""


def make_room(root: Path, *, keep: Path, needed: int) -> None:
    """Remove copies that no job uses: those long unused, and of the others the oldest until `needed` bytes fit.

    Only what glane wrote itself is removed: a folder below `root`, of this user, with the name and the lock of a copy.

    Raises:
        NotStaged: if they do not fit.
    """
    for rest in root.glob(f"{_GONE}*"):  # of a removal that was cut short
        if _is_own_folder(rest):
            shutil.rmtree(rest, ignore_errors=True)
    now = time.time()
    for used, copy in sorted((_last_used(copy), copy) for copy in root.iterdir() if _is_copy(copy) and copy != keep):
        if now - used > _KEPT_S or _free(root) < needed:
            _remove_unused(copy)
    if (free := _free(root)) < needed:
        raise NotStaged(
            f"{root} has {max(0, free) / 1e9:.1f} GB to spare, and {needed / 1e9:.1f} GB are to be copied "
            "(cluster.stage_dir chooses another disk)"
        )


def is_locked_here(descriptor: int, place: Path) -> bool:
    """Whether a descriptor is of the lock that lies in a folder now, and not of one that was removed."""
    with contextlib.suppress(OSError):
        return os.path.samestat(os.fstat(descriptor), os.lstat(place / LOCK))
    return False


def in_memory(folder: Path) -> bool:
    """Whether a folder lies in a file system that is kept in memory."""
    path, found = str(folder.resolve()), ("", "")
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines():
            _, point, kind, *_ = line.split()
            if (path == point or path.startswith(point.rstrip("/") + "/")) and len(point) >= len(found[0]):
                found = point, kind
    return found[1] in _IN_MEMORY


def _free(root: Path) -> int:
    return shutil.disk_usage(root).free - _RESERVE


def _is_own_folder(path: Path) -> bool:
    status = path.lstat()
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()


def _is_copy(path: Path) -> bool:
    return bool(_COPY.fullmatch(path.name)) and _is_own_folder(path) and (path / LOCK).is_file()


def _last_used(copy: Path) -> float:
    with contextlib.suppress(FileNotFoundError):
        return (copy / LOCK).stat().st_mtime
    return 0.0


def _remove_unused(copy: Path) -> None:
    """Remove a copy, unless a job uses it or makes it."""
    with contextlib.suppress(OSError):  # BlockingIOError: it is in use
        descriptor = os.open(copy / LOCK, os.O_RDWR | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if is_locked_here(descriptor, copy):
                gone = copy.with_name(f"{_GONE}{uuid.uuid4().hex}")
                copy.rename(gone)
                shutil.rmtree(gone, ignore_errors=True)
        finally:
            os.close(descriptor)
