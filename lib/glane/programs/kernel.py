"""The calls of the kernel that a translated program may make: memory, threads' waiting, time, and its open pipe.

All else is refused, opening a file first: what a program needs is loaded before it is held to this. Unlike the reader
of documents, which goes on with a warning, no program is run where the kernel does not hold it.
"""

from __future__ import annotations

import platform
import sys

from glane.confined import (
    ALLOW,
    JUMP_EQUAL,
    JUMP_SET,
    LACKING,
    LOAD,
    MACHINES,
    REFUSE,
    Instruction,
    argument,
    beginning,
    hold_to,
)

_THREAD = 0x00010000  # CLONE_THREAD: a thread of this process, and no process
# Numbers of the kernel's unistd.h: read, write, close, fstat, lseek, mmap, mprotect, munmap, brk, rt_sigaction,
# rt_sigprocmask, rt_sigreturn, sched_yield, mremap, madvise, getpid, exit, futex, sched_getaffinity, clock_gettime,
# clock_getres, clock_nanosleep, nanosleep, exit_group, getrandom, rseq, set_robust_list, gettid, sigaltstack, getcpu,
# gettimeofday, restart_syscall.
_ALLOWED: dict[str, tuple[int, ...]] = {
    "x86_64": (
        0, 1, 3, 5, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 28, 39, 60, 202, 204, 228, 229, 230, 35, 231, 318, 334, 273,
        186, 131, 309, 96, 219,
    ),
    "aarch64": (
        63, 64, 57, 80, 62, 222, 226, 215, 214, 134, 135, 139, 124, 216, 233, 172, 93, 98, 123, 113, 114, 115, 101, 94,
        278, 293, 99, 178, 132, 168, 169, 128,
    ),
}  # fmt: skip
_CLONE = {"x86_64": 56, "aarch64": 220}
_CLONE3 = 435  # its flags are behind a pointer, where no filter sees them; without it, clone is used


def hold() -> bool:
    """Hold this process, all its threads, to these calls for good. Return False where that cannot be had."""
    machine = platform.machine()
    return machine in MACHINES and sys.platform.startswith("linux") and hold_to(_filter(machine))


def _filter(machine: str) -> list[Instruction]:
    lines = [*beginning(machine), Instruction(JUMP_EQUAL, 0, 1, _CLONE3), LACKING]
    for number in _ALLOWED[machine]:
        lines += [Instruction(JUMP_EQUAL, 0, 1, number), ALLOW]
    lines += [
        Instruction(JUMP_EQUAL, 0, 3, _CLONE[machine]),
        Instruction(LOAD, 0, 0, argument(0)),
        Instruction(JUMP_SET, 0, 1, _THREAD),
        ALLOW,
    ]
    return [*lines, REFUSE]
