"""What the guard reads of other processes, and takes of them: by /proc, and by descriptors that stand for them."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import socket
import struct
from pathlib import Path

from glane.guard.calls import PIDFD_GETFD

_CLONE_FS = 0x200

_libc = ctypes.CDLL(None, use_errno=True)


def process_of(thread: int) -> int:
    """The process that a thread is of.

    Raises:
        OSError: if there is no such thread.
    """
    for line in Path(f"/proc/{thread}/status").read_text().splitlines():
        if line.startswith("Tgid:"):
            return int(line.split()[1])
    raise ProcessLookupError(errno.ESRCH, "no such thread")


def process_behind(process: int, pidfd: int) -> int:
    """The process that a descriptor of another process stands for.

    Raises:
        OSError: if it stands for none that lives.
    """
    with contextlib.suppress(FileNotFoundError):
        for line in Path(f"/proc/{process}/fdinfo/{pidfd}").read_text().splitlines():
            if line.startswith("Pid:") and int(line.split()[1]) > 0:
                return int(line.split()[1])
    raise OSError(errno.EBADF, os.strerror(errno.EBADF))


def descriptor_of(process: int, number: int) -> int:
    """A copy of a descriptor of another process.

    Raises:
        OSError: if it has none of this number, or this process may not.
    """
    pidfd = os.pidfd_open(process)
    try:
        found = int(_libc.syscall(PIDFD_GETFD, pidfd, number, 0))
    finally:
        os.close(pidfd)
    if found < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return found


def listener_behind(descriptor: int) -> int:
    """The process that had made the other end of a connected local socket listen; 0 where that is not told.

    Raises:
        OSError: if the descriptor is no socket.
    """
    looked_at = socket.socket(fileno=descriptor)
    try:
        told = looked_at.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("=iII"))
        return int(struct.unpack("=iII", told)[0])
    finally:
        looked_at.detach()


def stand_where(process: int) -> None:
    """Have paths mean to this thread alone what they mean to a process.

    Raises:
        OSError: if that cannot be.
    """
    if _libc.unshare(_CLONE_FS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    os.chdir(f"/proc/{process}/cwd")
