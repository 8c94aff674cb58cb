"""Folders and files that one process at a time writes to, and who that is."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from glane.errors import RunError
from glane.storage import LOCKED, locked_folder


@contextlib.contextmanager
def alone_in_folder(folder: Path, *, within_s: float, setting: str) -> Iterator[bool]:
    """Keep others who do the same with a folder waiting, and refuse where one holds its lock longer than that.

    Where the file system has no locks, nobody waits. Yields whether it has.

    Raises:
        RunError: naming who holds the lock; or if the folder cannot be opened. `setting` is the key that chose it.
    """
    with locked_folder(folder, within_s=within_s, setting=setting) as is_held:
        if not is_held and _is_held_by_another(folder):
            raise RunError(
                f"{folder}: {_holder(folder)} has been writing in it for more than {within_s:.0f} s. Run the same "
                "command again once that has ended."
            )
        yield is_held


def _is_held_by_another(folder: Path) -> bool:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return is_locked(descriptor)
    finally:
        os.close(descriptor)


def is_locked(descriptor: int) -> bool:
    """Whether another holds the lock of an open file or folder (`fcntl.flock`); False where there are no locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in LOCKED
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
