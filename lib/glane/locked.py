"""Folders that are locked while their owner lives, so that those of killed processes are known, and removed.

A process id would not show that: containers that share a folder have their own.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_LOCK = "lock"
_HALF_MADE_S = 600.0
_RANDOM = "[a-z0-9_]{8}"  # what tempfile puts into a name


@contextlib.contextmanager
def locked_folder(root: Path, *, prefix: str) -> Iterator[Path]:
    """Make a folder in `root` that only this user can enter, and remove it at the end. Its name begins with `prefix`.

    Where the file system has no locks, `remove_abandoned` finds none there either, and removes nothing.

    Raises:
        OSError: if the file system refuses.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=root))
    descriptor = None
    try:
        new = folder / "lock.new"
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT, 0o600)
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        new.rename(folder / _LOCK)  # so the lock file is never seen unlocked
        yield folder
    finally:
        _remove(folder, descriptor)


def remove_abandoned(root: Path, *, prefix: str) -> None:
    """Remove what `locked_folder` made in `root` with this prefix, where this user's process did not live to do it."""
    name = re.compile(re.escape(prefix) + _RANDOM)
    with contextlib.suppress(OSError):
        for path in [one for one in root.iterdir() if name.fullmatch(one.name)]:
            with contextlib.suppress(OSError):
                status = path.lstat()
                if status.st_uid == os.getuid() and stat.S_ISDIR(status.st_mode):
                    _remove_if_abandoned(path, age_s=time.time() - status.st_mtime)


def _remove_if_abandoned(path: Path, *, age_s: float) -> None:
    try:
        descriptor = os.open(path / _LOCK, os.O_WRONLY | os.O_NOFOLLOW)
    except FileNotFoundError:  # the folder is being made, or was half removed
        if age_s > _HALF_MADE_S:
            _remove(path, None)
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
    else:
        _remove(path, descriptor)


def _remove(path: Path, lock: int | None) -> None:
    """Remove a folder, what it holds first and then its lock; again if a process that is ending still writes to it."""
    with contextlib.suppress(OSError):
        for one in [one for one in path.iterdir() if one.name != _LOCK]:
            if one.is_dir() and not one.is_symlink():
                shutil.rmtree(one, ignore_errors=True)
            else:
                one.unlink()
    if lock is not None:
        os.close(lock)  # NFS keeps a file that is open under another name, and so its folder
    for _ in range(20):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        time.sleep(0.1)
