"""Which machine this is, since when it runs, and since when a process does: its number alone says none of it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
from functools import cache
from pathlib import Path


@cache
def boot_id() -> str:
    """The kernel's own name of this boot of this machine, the same in all its containers; empty where it tells none."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


@cache
def host_identity() -> str:
    """The scope in which a process id is unique: this host, since it booted, in this PID namespace."""
    identity = boot_id()
    with contextlib.suppress(OSError):
        identity += os.readlink("/proc/self/ns/pid")
    return f"{socket.gethostname()}|{identity}"


def host_name() -> str:
    """The name of this machine in names of files, with a digest of the scope in which a process id is unique."""
    return f"{socket.gethostname()}-{hashlib.blake2b(host_identity().encode(), digest_size=4).hexdigest()}"


def process_start(pid: int) -> str | None:
    """When process `pid` started, in the kernel's ticks; None if there is no such process (a zombie is none)."""
    try:
        after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if after_name[0] in "ZX" else after_name[19]
