"""A private folder on the node's own disk for as long as a process lives; what killed processes left is removed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "gl-"
_LOCK = "lock"
_LONGEST_ROOT = 25  # characters: Ray's sockets lie deep inside, and the path of a socket may have 107 bytes


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder that only this user can enter, and remove it at the end.

    A lock says that its owner lives: process ids mean nothing between containers that share /tmp.
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
        new.rename(folder / _LOCK)  # it is never seen unlocked
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def write_token(folder: Path, token: str) -> Path:
    """Write a secret that no other user can read."""
    path = folder / "token"
    path.touch(mode=0o600)
    path.write_text(token)
    return path


def _remove_abandoned(root: Path) -> None:
    for path in root.glob(f"{_PREFIX}{os.getuid()}-*"):
        with contextlib.suppress(OSError):
            status = path.lstat()
            if status.st_uid != os.getuid() or not stat.S_ISDIR(status.st_mode):
                continue
            descriptor = os.open(path / _LOCK, os.O_WRONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(descriptor)
