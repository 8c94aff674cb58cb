"""What a reader's process may not do: it parses files of others, and a fault in a parser may give them its place.

Set once, before the first byte of a file is read. Kinds of confinement that a machine lacks are left out, the others
hold.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import socket
import sys
from typing import NoReturn

_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_FILTER = 2  # SECCOMP_MODE_FILTER
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
_EPERM, _ENOSYS = 1, 38
_LOAD, _JUMP_EQUAL, _JUMP_SET, _RETURN = 0x20, 0x15, 0x45, 0x06  # of classic BPF, on words
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_OPENAT2 = 437  # its flags are behind a pointer, where no filter sees them; without it, openat is used
_X32 = 0x40000000  # the bit of a second set of numbers of x86-64

_X86_64 = (
    41, 42, 44, 46, 49, 50, 53, 57, 58, 59, 62, 76, 77, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 93, 94, 101, 133, 188,
    189, 190, 235, 258, 259, 260, 261, 263, 264, 265, 266, 268, 280, 304, 310, 311, 316, 321, 322, 323, 425, 438,
)  # fmt: skip
_AARCH64 = (
    5, 6, 7, 33, 34, 35, 36, 37, 38, 45, 46, 52, 53, 54, 55, 88, 117, 129, 198, 199, 200, 201, 203, 206, 211, 221, 265,
    270, 271, 276, 280, 281, 282, 425, 438,
)  # fmt: skip
# Audit architecture, the calls that are refused, and of those that open a file, the place of their flags.
# Sockets, other programs, other processes, and all that changes a folder or a file. Numbers: the kernel's unistd.h.
_CALLS: dict[str, tuple[int, tuple[int, ...], dict[int, int]]] = {
    "x86_64": (
        0xC000003E,
        _X86_64,
        {2: 1, 257: 2},
    ),
    "aarch64": (
        0xC00000B7,
        _AARCH64,
        {56: 2},
    ),
}


class _Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte), ("no", ctypes.c_ubyte), ("value", ctypes.c_uint)]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.POINTER(_Instruction))]


def tie_to_parent(parent: int) -> None:
    """Have this process killed when its parent dies, and end at once if it is dead already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(0)


def confine(*, memory_bytes: int) -> bool:
    """Bound this process's memory, and take from it files to write, core dumps, sockets and other programs.

    Return whether the kernel refuses the last three, too; see `refuse_calls`.
    """
    os.umask(0o077)
    for kind, limit in (
        (resource.RLIMIT_CORE, 0),  # a dump would hold texts
        (resource.RLIMIT_FSIZE, 0),  # nothing is written to any file
        (resource.RLIMIT_AS, memory_bytes),
    ):
        _, hard = resource.getrlimit(kind)
        least = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(kind, (least, least))
    socket.socket.__init__ = _refused  # type: ignore[method-assign]  # for a reason that can be read, in Python
    return refuse_calls()


def refuse_calls() -> bool:
    """Have the kernel refuse sockets, programs and changes of files. Return False where that cannot be had."""
    known = _CALLS.get(platform.machine())
    if known is None or not sys.platform.startswith("linux"):
        return False
    program = _program(*known)
    libc = ctypes.CDLL(None)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        return False
    array = (_Instruction * len(program))(*program)
    return bool(libc.prctl(_PR_SET_SECCOMP, _FILTER, ctypes.byref(_Program(len(program), array)), 0, 0) == 0)


def _program(machine: int, refused: tuple[int, ...], opening: dict[int, int]) -> list[_Instruction]:
    refuse, allow = (_Instruction(_RETURN, 0, 0, value) for value in (_REFUSE | _EPERM, _ALLOW))
    lines = [
        _Instruction(_LOAD, 0, 0, 4),  # the machine
        _Instruction(_JUMP_EQUAL, 1, 0, machine),
        refuse,
        _Instruction(_LOAD, 0, 0, 0),  # the number of the call
        _Instruction(_JUMP_SET, 0, 1, _X32),
        refuse,
        _Instruction(_JUMP_EQUAL, 0, 1, _OPENAT2),
        _Instruction(_RETURN, 0, 0, _REFUSE | _ENOSYS),
    ]
    for number in refused:
        lines += [_Instruction(_JUMP_EQUAL, 0, 1, number), refuse]
    for number, place in opening.items():
        flags = _Instruction(_LOAD, 0, 0, 16 + 8 * place)
        lines += [
            _Instruction(_JUMP_EQUAL, 0, 4, number),
            flags,
            _Instruction(_JUMP_SET, 0, 1, _WRITING),
            refuse,
            allow,
        ]
    return [*lines, allow]


def _refused(*_: object, **__: object) -> NoReturn:
    raise PermissionError("a reader of documents has no network")
