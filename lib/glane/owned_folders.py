"""Folders that are locked while their owner lives, so that those of killed processes are known, and removed.

A process id would not show that: containers that share a folder have their own, and so have nodes that share TMPDIR.
Nor would a lock alone: on some shared file systems it is of one node. So the lock file says on which boot of which
machine it was locked, and by which process, and only there it is judged whether that lives.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from glane.host import boot_id, host_identity, process_start
from glane.plain_values import json_values

_LOCK, _NEW = "lock", "lock.new"
_HALF_MADE_S = 600.0
_LONGEST = 4096  # bytes of a lock file
_RANDOM = "[a-z0-9_]{8}"  # what tempfile puts into a name


@contextlib.contextmanager
def owned_folder(root: Path, *, prefix: str) -> Iterator[Path]:
    """Make a folder in `root` that only this user can enter, and remove it at the end. Its name begins with `prefix`.

    Where the file system has no locks, `remove_abandoned` finds none there either, and removes nothing.

    Raises:
        OSError: if the file system refuses.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=root))
    descriptor = None
    try:
        new = folder / _NEW
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT, 0o600)
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.write(descriptor, _owner().encode())
        new.rename(folder / _LOCK)  # so the lock file is never seen unlocked
        yield folder
    finally:
        _remove(folder, descriptor)


def remove_abandoned(root: Path, *, prefix: str) -> None:
    """Remove what `owned_folder` made in `root` with this prefix, where this user's process did not live to do it.

    What another machine left, or this one before it was started again, stays.
    """
    name = re.compile(re.escape(prefix) + _RANDOM)
    with contextlib.suppress(OSError):
        for path in [one for one in root.iterdir() if name.fullmatch(one.name)]:
            with contextlib.suppress(OSError):
                status = path.lstat()
                if status.st_uid == os.getuid() and stat.S_ISDIR(status.st_mode):
                    _remove_if_abandoned(path, age_s=time.time() - status.st_mtime)


def _remove_if_abandoned(path: Path, *, age_s: float) -> None:
    descriptor, is_made = _lock_of(path)
    if descriptor is None:  # it is being made, or was half removed: whose it is cannot be told
        if age_s > _HALF_MADE_S:
            path.rmdir()  # fails if it holds anything
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        owner = os.pread(descriptor, _LONGEST, 0).decode(errors="replace")
        is_bare = not (is_made or owner) and [one.name for one in path.iterdir()] == [_NEW]
        is_abandoned = _is_gone(owner) or (is_bare and age_s > _HALF_MADE_S)  # nobody wrote into it for minutes
    except OSError:
        is_abandoned = False
    if is_abandoned:
        _remove(path, descriptor)
    else:
        os.close(descriptor)


def _lock_of(path: Path) -> tuple[int | None, bool]:
    """The lock file of a folder, opened, and whether it has its last name; None if it has none."""
    for name in (_LOCK, _NEW, _LOCK):  # it may be renamed meanwhile
        with contextlib.suppress(FileNotFoundError):
            return os.open(path / name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK), name == _LOCK
    return None, False


def _owner() -> str:
    """This process, and where its number is its own."""
    return json.dumps([boot_id(), host_identity(), os.getpid(), process_start(os.getpid())])


def _is_gone(owner: str) -> bool:
    """Whether the process that locked a folder has ended, if it was one of this machine since it was started.

    In another container its number is another's, and the lock alone tells: all of one kernel see it.
    """
    try:
        boot, identity, pid, start = json_values(owner)
    except (ValueError, TypeError):  # of an earlier glane, or it could not be locked
        return False
    if not boot or boot != boot_id():
        return False
    return identity != host_identity() or not isinstance(pid, int) or process_start(pid) != start


def _remove(path: Path, lock: int | None) -> None:
    """Remove a folder, what it holds first and then its lock; again if a process that is ending still writes to it."""
    for _ in range(20):
        with contextlib.suppress(OSError):
            inner = [one for one in path.iterdir() if one.name != _LOCK]
            for one in inner:
                if one.is_dir() and not one.is_symlink():
                    shutil.rmtree(one, ignore_errors=True)
                else:
                    one.unlink()
            if not inner:
                break
        time.sleep(0.1)
    if lock is not None:
        os.close(lock)  # NFS keeps a file that is open under another name, and so its folder
    for _ in range(20):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        time.sleep(0.1)
