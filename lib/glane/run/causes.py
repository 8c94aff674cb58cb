"""Why the process of an engine ended, and how much that says about the prompts that were in it."""

from __future__ import annotations

import signal
from typing import Literal

DeathCause = Literal["killed", "memory", "crash", "error", "hang", "unknown"]

# How much a death says against what was in the engine. A kill from outside says nothing. Of an engine that ended
# together with its driver nobody knows how it ended: two such deaths count as one.
WEIGHTS: dict[DeathCause, int] = {"killed": 0, "unknown": 1, "memory": 2, "crash": 2, "error": 2, "hang": 2}

IN_WORDS: dict[DeathCause, str] = {
    "killed": "killed from outside",
    "unknown": "nobody saw how",
    "memory": "out of memory",
    "crash": "crash",
    "error": "error in the engine",
    "hang": "no answer",
}

_CRASHES = frozenset(
    {
        signal.SIGSEGV,
        signal.SIGABRT,
        signal.SIGBUS,
        signal.SIGFPE,
        signal.SIGILL,
        signal.SIGSYS,
        signal.SIGTRAP,
    }
)
_SHELL_OFFSET = 128  # a program that ends by a signal in an orderly way exits with 128 plus its number


def cause_of_exit(code: int | None, *, oom_kills: int) -> DeathCause:
    """Why a process ended, by its exit code, which is negative for a signal; None if nobody knows it.

    `oom_kills` is how many processes of its control group the kernel killed for want of memory meanwhile.
    """
    if code is None:
        return "unknown"
    number = signal_of(code)
    if number is None:
        return "error"
    if number in _CRASHES:
        return "crash"
    return "memory" if number == signal.SIGKILL and oom_kills > 0 else "killed"


def signal_of(code: int) -> int | None:
    """The number of the signal that an exit code stands for; None if the process ended by itself."""
    number = -code if code < 0 else code - _SHELL_OFFSET
    return number if 0 < number < signal.NSIG else None
