"""Locks of files and folders that one process at a time writes to, and who holds one."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from glane.errors import RunError
from glane.storage import storage_errors

_LOCKED = frozenset({errno.EAGAIN, errno.EACCES})  # what the two kinds of locks say where another holds it


def lock(
    descriptor: int,
    *,
    deadline: float,
    take: Callable[[int, int], None] = fcntl.lockf,
    is_needless: Callable[[], bool] = lambda: False,
) -> bool:
    """Hold the lock of an open file alone, until it is closed. Return whether it was given.

    Args:
        descriptor: Of the file, open for writing.
        deadline: By `time.monotonic()`; what is free is taken after it, too.
        take: `fcntl.lockf`, whose locks are not held on by processes that this one forks; or `fcntl.flock`, whose locks
            keep the threads of a process from one another, too.
        is_needless: Asked before each try; once it is so, no lock is taken.
    """
    pause = 0.05
    while not is_needless():
        try:
            take(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _LOCKED or time.monotonic() > deadline:  # or the file system has no locks
                return False
        else:
            return True
        time.sleep(pause)
        pause = min(2 * pause, 0.5)
    return False


@contextlib.contextmanager
def locked_folder(folder: Path, *, within_s: float, setting: str) -> Iterator[bool]:
    """Keep others who do the same with a folder waiting, threads too. Yields whether its lock was given in time.

    Raises:
        RunError: if the folder cannot be opened; `setting` is the key that chose it.
    """
    with _opened(folder, setting=setting) as descriptor:
        yield lock(descriptor, deadline=time.monotonic() + within_s, take=fcntl.flock)


@contextlib.contextmanager
def alone_in_folder(folder: Path, *, within_s: float, setting: str) -> Iterator[bool]:
    """Keep others who do the same with a folder waiting, and refuse where one holds its lock longer than that.

    Where the file system has no locks, nobody waits. Yields whether it has.

    Raises:
        RunError: naming who holds the lock; or if the folder cannot be opened. `setting` is the key that chose it.
    """
    with _opened(folder, setting=setting) as descriptor:
        is_held = lock(descriptor, deadline=time.monotonic() + within_s, take=fcntl.flock)
        if not is_held and is_locked(descriptor):
            raise RunError(
                f"{folder}: {_holder(folder)} has been writing in it for more than {within_s:.0f} s. Run the same "
                "command again once that has ended."
            )
        yield is_held


@contextlib.contextmanager
def _opened(folder: Path, *, setting: str) -> Iterator[int]:
    with storage_errors(folder, setting=setting):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def is_locked(descriptor: int) -> bool:
    """Whether another holds the lock of an open file or folder (`fcntl.flock`); False where there are no locks.

    One that is free is held then, shared, until the file is closed.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in _LOCKED
    return False


def _holder(folder: Path) -> str:
    """Who holds the lock of a folder, as far as this machine knows."""
    status = folder.stat()
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    with contextlib.suppress(OSError):
        for line in Path("/proc/locks").read_text(encoding="ascii").splitlines():
            if "FLOCK" in line and "->" not in line and place in line:  # "->" is one that waits
                number = line.partition(place)[0].split()[-1]
                return f"process {number} of this machine"
    return "a process of another machine"
