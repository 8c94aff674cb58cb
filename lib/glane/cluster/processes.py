"""Child processes that end with this one in any case. Processes of others are never touched."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence

import psutil

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_libc = ctypes.CDLL(None, use_errno=True)


def adopt_orphans() -> None:
    """Become the parent of processes whose own parent ends, so that `end_all` finds them."""
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def raise_open_files() -> None:
    """Raise the limit of open files to the hard limit: Ray needs a descriptor per connection."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@contextlib.contextmanager
def core_dumps(*, allowed: bool) -> Iterator[None]:
    """Forbid core dumps of this process and of those that it starts, or allow what the hard limit does.

    A core dump holds the texts that were in memory, and is written to wherever the process stood.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    # Every process inherits the limit, those that engines start by themselves, too. PR_SET_DUMPABLE does not survive
    # exec. Where /proc is mounted with hidepid=2, as on many clusters, it would also hide processes from their own
    # user: children would not be found to be ended, and living workers would be taken for dead.
    resource.setrlimit(resource.RLIMIT_CORE, (hard if allowed else 0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


def start(
    command: Sequence[str], environment: Mapping[str, str], *, stdout: int | None = None
) -> subprocess.Popen[bytes]:
    """Start a child that is killed when this process dies."""
    return subprocess.Popen(
        command,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.STDOUT if stdout is not None else None,
        start_new_session=True,
        preexec_fn=tie_to_parent,
    )


def tie_to_parent() -> None:
    """Have this process killed when its parent dies. Called in the child."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # A scheduler may send its warning to every process of a step, and by default these two signals end a process.
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)


def end(child: subprocess.Popen[bytes] | None, *, patience_s: float) -> None:
    """Ask a child to end, and kill it if it still runs after `patience_s`."""
    if child is None or child.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(patience_s)
    if child.poll() is None:
        child.kill()


def end_all(*, patience_s: float = 10.0) -> int:
    """Kill all descendants of this process. Return how many still run after `patience_s`."""
    deadline = time.monotonic() + patience_s
    while True:
        children = psutil.Process().children(recursive=True)
        alive = [child for child in children if _is_alive(child)]
        if not alive or time.monotonic() > deadline:
            return len(alive)
        for child in alive:
            with contextlib.suppress(psutil.Error):
                child.kill()
        _reap()
        time.sleep(0.05)


def is_suspended(pid: int) -> bool:
    """Whether a process is stopped, by a signal or a debugger, so that it cannot go on by itself."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP)
    return False


def _is_alive(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
