"""What the kernel holds a process to that runs what others wrote: a filter of its calls, bounds, its parent's life."""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import sys
from collections.abc import Sequence

_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_PR_SET_PTRACER = 0x59616D61
_FILTER, _ALL_THREADS = 1, 1  # SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
_EPERM, _ENOSYS = 1, 38
LOAD, JUMP_EQUAL, JUMP_SET, RETURN = 0x20, 0x15, 0x45, 0x06  # of classic BPF, on words
_X32 = 0x40000000  # the bit of a second set of numbers of x86-64
MACHINES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}  # audit architectures
SECCOMP = {"x86_64": 317, "aarch64": 277}  # the number of the call


class Instruction(ctypes.Structure):
    """One of a filter: what it does, how many are skipped if so and if not, and its value."""

    _fields_ = [("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte), ("no", ctypes.c_ubyte), ("value", ctypes.c_uint)]


class Program(ctypes.Structure):
    """A filter, as the kernel takes it."""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(Instruction))]


REFUSE, ALLOW = (Instruction(RETURN, 0, 0, value) for value in (_REFUSE | _EPERM, _ALLOW))
LACKING = Instruction(RETURN, 0, 0, _REFUSE | _ENOSYS)  # a library then uses another call


def beginning(machine: str) -> list[Instruction]:
    """How every filter begins: calls of another machine's numbers are refused, and the number of the call is loaded."""
    return [
        Instruction(LOAD, 0, 0, 4),  # the machine
        Instruction(JUMP_EQUAL, 1, 0, MACHINES[machine]),
        REFUSE,
        Instruction(LOAD, 0, 0, 0),  # the number of the call
        Instruction(JUMP_SET, 0, 1, _X32),
        REFUSE,
    ]


def argument(place: int) -> int:
    """Where the lower half of an argument of a call stands, from 0: what `LOAD` takes."""
    return 16 + 8 * place


def hold_to(instructions: Sequence[Instruction]) -> bool:
    """Have the kernel hold this process, all its threads, to a filter for good. Return False where it does not."""
    number = SECCOMP.get(platform.machine())
    if number is None or not give_up_privileges():
        return False
    array = (Instruction * len(instructions))(*instructions)
    program = Program(len(instructions), array)
    return bool(ctypes.CDLL(None).syscall(number, _FILTER, _ALL_THREADS, ctypes.byref(program)) == 0)


def give_up_privileges() -> bool:
    """Have this thread gain none by starting a program, for good, without which no filter is taken. Return whether."""
    return bool(ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)


def tie_to_parent(parent: int) -> None:
    """Have this process killed when its parent dies, and end at once if it is dead already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(0)


def let_look(process: int) -> None:
    """Let another process of this user look into this one, where the kernel (Yama) lets parents alone."""
    ctypes.CDLL(None).prctl(_PR_SET_PTRACER, process, 0, 0, 0)


def bound(kind: int, limit: int) -> None:
    """Set a limit of `resource` for this process, for good; one that is lower already stays."""
    _, hard = resource.getrlimit(kind)
    least = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    resource.setrlimit(kind, (least, least))
