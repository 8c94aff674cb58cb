"""Processes of a cluster: started independently of this program, identified by id and start time, and ended."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from slurm.errors import SlurmError

_POLL_S = 0.02
_END_S = 10.0  # how long the kernel may take to end a killed process, or a whole namespace
_START_FIELD = 19  # of /proc/<pid>/stat, counted after the command name: start time in clock ticks since boot
_PARENT_FIELD = 1
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process, identified by id, boot and start time, as the kernel reuses ids."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Process:
        """The process that has this id now."""
        return cls(pid=pid, started=_started(pid))

    def is_alive(self) -> bool:
        """Whether exactly this process runs; a zombie does not count."""
        return self.started != "" and _started(self.pid) == self.started

    def kill(self) -> None:
        """Send SIGKILL, to its whole group if it leads one. Returns when it has ended. Does nothing if it has ended."""
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                leads = os.getpgid(self.pid) == self.pid
                (os.killpg if leads else os.kill)(self.pid, signal.SIGKILL)
        deadline = time.monotonic() + _END_S
        while self.is_alive():
            if time.monotonic() > deadline:
                raise SlurmError(f"process {self.pid} does not end; look at it with ps, then run down again")
            time.sleep(_POLL_S)
        if _started(self.pid, even_dead=True) == self.started:
            with contextlib.suppress(ChildProcessError):  # not a child of this program: another process reaps it
                os.waitpid(self.pid, 0)


def spawn(command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None) -> Process:
    """Start a daemon that outlives this program: a session of its own, output to `log`."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=None if environment is None else dict(environment),
            cwd="/",
            start_new_session=True,
        )
    started = Process.of(child.pid)
    child.returncode = 0  # nothing waits for it here; without this, Popen would warn that it still runs
    return started


def children(pid: int) -> list[int]:
    """The ids of the processes whose parent is `pid`."""
    found = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return sorted(child for child in found if _stat(child)[_PARENT_FIELD : _PARENT_FIELD + 1] == [str(pid)])


def wait_until(
    ready: Callable[[], bool], *, what: str, deadline: float, process: Process | None = None, log: Path | None = None
) -> None:
    """Wait until `ready()` is true. `process` is the one that must make it true, and `log` is its log.

    Raises:
        SlurmError: at the deadline (in the time of `time.monotonic`), or as soon as `process` has ended.
    """
    while not ready():
        is_dead = process is not None and not process.is_alive()
        if is_dead or time.monotonic() > deadline:
            reason = "its process ended" if is_dead else "it took too long"
            raise SlurmError(f"{what} did not come up: {reason}{_tail(log)}")
        time.sleep(_POLL_S)


def _tail(log: Path | None, num_lines: int = 15) -> str:
    """The end of a log, to be appended to an error message."""
    if log is None or not log.exists():
        return ""
    lines = log.read_text(errors="replace").splitlines()[-num_lines:]
    return "\n".join([f". The end of {log.name}:", *(f"    {line}" for line in lines)])


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat after the command name; none if there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _started(pid: int, *, even_dead: bool = False) -> str:
    """Boot and start time of a running process, else empty. With `even_dead`, also those of a zombie."""
    fields = _stat(pid)
    if not fields or (fields[0] in "ZX" and not even_dead):
        return ""
    return f"{_BOOT.read_text().strip()}/{fields[_START_FIELD]}"
