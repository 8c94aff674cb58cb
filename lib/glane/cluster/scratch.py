"""A private folder on the node's own disk while a process lives. Folders that killed processes left are removed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "gl-"
_LOCK = "lock"
_HALF_MADE_S = 600.0
_LONGEST_ROOT = 25  # characters: Ray's sockets lie deep inside, and the path of a socket has at most 107 bytes


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder that only this user can enter, and remove it at the end.

    A locked file shows that its owner lives. A process id would not: containers that share /tmp have their own.
    """
    root = Path(tempfile.gettempdir())
    if len(str(root)) > _LONGEST_ROOT:
        root = Path("/tmp")
    _remove_abandoned(root)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getuid()}-", dir=root))
    new = folder / "lock.new"
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        new.rename(folder / _LOCK)  # so the lock file is never seen unlocked
        yield folder
    finally:
        _remove(folder)
        os.close(descriptor)


def write_token(folder: Path, token: str) -> Path:
    """Write a secret to a file that no other user can read. Return its path."""
    path = folder / "token"
    path.touch(mode=0o600)
    path.write_text(token)
    return path


def _remove_abandoned(root: Path) -> None:
    for path in root.glob(f"{_PREFIX}{os.getuid()}-*"):
        with contextlib.suppress(OSError):
            status = path.lstat()
            if status.st_uid == os.getuid() and stat.S_ISDIR(status.st_mode):
                _remove_if_abandoned(path, age_s=time.time() - status.st_mtime)


def _remove_if_abandoned(path: Path, *, age_s: float) -> None:
    try:
        descriptor = os.open(path / _LOCK, os.O_WRONLY | os.O_NOFOLLOW)
    except FileNotFoundError:  # the folder is being made, or was half removed
        if age_s > _HALF_MADE_S:
            _remove(path)
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove(path)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    """Remove a folder, again if a process that is ending still writes to it."""
    for _ in range(20):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            return
        time.sleep(0.1)
