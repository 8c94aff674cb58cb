"""What a reader's process may not do: it parses files of others, and a fault in a parser may give them its place.

Set once, before the first byte of a file is read. Kinds of confinement that a machine lacks are left out, the others
hold.
"""

from __future__ import annotations

import os
import platform
import resource
import socket
import sys
from typing import NoReturn

from glane.confined import (
    ALLOW,
    JUMP_EQUAL,
    JUMP_SET,
    LACKING,
    LOAD,
    REFUSE,
    Instruction,
    argument,
    beginning,
    bound,
    hold_to,
)

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_OPENAT2 = 437  # its flags are behind a pointer, where no filter sees them; without it, openat is used

_X86_64 = (
    41, 42, 44, 46, 49, 50, 53, 57, 58, 59, 62, 76, 77, 82, 83, 84, 85, 86, 87, 88, 90, 91, 92, 93, 94, 101, 133, 188,
    189, 190, 235, 258, 259, 260, 261, 263, 264, 265, 266, 268, 280, 304, 310, 311, 316, 321, 322, 323, 425, 438,
)  # fmt: skip
_AARCH64 = (
    5, 6, 7, 33, 34, 35, 36, 37, 38, 45, 46, 52, 53, 54, 55, 88, 117, 129, 198, 199, 200, 201, 203, 206, 211, 221, 265,
    270, 271, 276, 280, 281, 282, 425, 438,
)  # fmt: skip
# The calls that are refused, and of those that open a file, the place of their flags.
# Sockets, other programs, other processes, and all that changes a folder or a file. Numbers: the kernel's unistd.h.
_CALLS: dict[str, tuple[tuple[int, ...], dict[int, int]]] = {
    "x86_64": (_X86_64, {2: 1, 257: 2}),
    "aarch64": (_AARCH64, {56: 2}),
}


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
        bound(kind, limit)
    socket.socket.__init__ = _refused  # type: ignore[method-assign]  # for a reason that can be read, in Python
    return refuse_calls()


def refuse_calls() -> bool:
    """Have the kernel refuse sockets, programs and changes of files. Return False where that cannot be had."""
    known = _CALLS.get(platform.machine())
    if known is None or not sys.platform.startswith("linux"):
        return False
    return hold_to(_program(*known))


def _program(refused: tuple[int, ...], opening: dict[int, int]) -> list[Instruction]:
    lines = [*beginning(platform.machine()), Instruction(JUMP_EQUAL, 0, 1, _OPENAT2), LACKING]
    for number in refused:
        lines += [Instruction(JUMP_EQUAL, 0, 1, number), REFUSE]
    for number, place in opening.items():
        flags = Instruction(LOAD, 0, 0, argument(place))
        lines += [
            Instruction(JUMP_EQUAL, 0, 4, number),
            flags,
            Instruction(JUMP_SET, 0, 1, _WRITING),
            REFUSE,
            ALLOW,
        ]
    return [*lines, ALLOW]


def _refused(*_: object, **__: object) -> NoReturn:
    raise PermissionError("a reader of documents has no network")
