"""Private folders on the node's own disk while a process lives. Those that killed processes left are removed.

Ray's sockets need a short path; texts of documents stay where TMPDIR says, whatever its length.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from glane.errors import ConfigError
from glane.languages import say

_PREFIX = "gl-"
_LEAST_FREE = 32 * 2**20
_LOCK = "lock"
_HALF_MADE_S = 600.0
_LONGEST_ROOT = 25  # characters: Ray's sockets lie deep inside, and the path of a socket has at most 107 bytes


def scratch_folder() -> contextlib.AbstractContextManager[Path]:
    """Make a folder for Ray that only this user can enter, and remove it at the end. It is for no text of documents.

    Raises:
        ConfigError: if TMPDIR is set to a place that cannot be used, or the disk there is full.
    """
    root = scratch_root()
    _remove_abandoned(root)
    if (free := shutil.disk_usage(root).free) < _LEAST_FREE:
        raise ConfigError(
            f"TMPDIR: {root} has {free // 2**20} MiB free, and Ray needs {_LEAST_FREE // 2**20} there for its sockets "
            "and logs. Free space, or set TMPDIR to another disk of this node."
        )
    return _private_folder(root)


def text_folder() -> contextlib.AbstractContextManager[Path]:
    """Make a folder for texts of documents that only this user can enter, in TMPDIR itself, and remove it at the end.

    Raises:
        ConfigError: if TMPDIR is set to a place that cannot be used, or the disk there is full.
    """
    root = _told_root()
    _remove_abandoned(root)
    if (free := shutil.disk_usage(root).free) < _LEAST_FREE:
        raise ConfigError(
            f"TMPDIR: {root} has {free // 2**20} MiB free, and texts of documents are kept there while the command "
            f"runs: at least {_LEAST_FREE // 2**20} are needed. Free space, or set TMPDIR to another disk."
        )
    return _private_folder(root)


@contextlib.contextmanager
def _private_folder(root: Path) -> Iterator[Path]:
    """Make a folder, and remove it at the end.

    A locked file shows that its owner lives. A process id would not: containers that share /tmp have their own.
    """
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


def scratch_root() -> Path:
    """Where Ray's folders go: TMPDIR, or /tmp. It is said if another place is taken than the one that is set."""
    root = _told_root()
    if len(str(root)) <= _LONGEST_ROOT:
        return root
    say(
        f"note: TMPDIR has {len(str(root))} characters, and the paths of Ray's sockets leave room for {_LONGEST_ROOT}: "
        "Ray's sockets and logs, which hold no text of documents, go to /tmp",
        to=sys.stderr,
    )
    return Path("/tmp")


def _told_root() -> Path:
    told = os.environ.get("TMPDIR")
    if not told:
        return Path("/tmp")
    root = Path(told)
    if not root.is_dir() or not os.access(root, os.W_OK | os.X_OK):
        what = "cannot be written by you" if root.is_dir() else "is no directory"
        raise ConfigError(f"TMPDIR: {told} {what}. Set it to a directory of this node that you can write, or unset it.")
    return root.absolute()


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
