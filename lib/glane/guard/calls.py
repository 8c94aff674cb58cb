"""The filter of calls that a run's processes are held to, and how the kernel asks about one of them.

The kernel lets no filter see what a pointer points to, so that each `connect` is asked of a process that is not held
(`SECCOMP_RET_USER_NOTIF`), which makes the connection itself, of its own copy of the address: what another thread
writes over it meanwhile changes nothing. A datagram needs no connection, so sockets of UDP are made by that process,
too, bound to this machine's loopback device and shut for sending, which cannot be undone. What else could reach a
network is refused: sockets of packets and other families, the first bytes of a connection that are sent with its
address, and calls by io_uring, which no filter sees. A descriptor of a third process is had from that process alone,
which hands on no socket. Refused, too, are keys that the kernel has other programs look for, and what would be typed
into a terminal for its shell. See seccomp(2), seccomp_unotify(2).
"""

from __future__ import annotations

import ctypes
import platform
import re
import struct
from dataclasses import dataclass

from glane.confined import (
    ALLOW,
    JUMP_EQUAL,
    JUMP_SET,
    LACKING,
    LOAD,
    MACHINES,
    REFUSE,
    RETURN,
    SECCOMP,
    Instruction,
    Program,
    argument,
    beginning,
    give_up_privileges,
)

_ASK = Instruction(RETURN, 0, 0, 0x7FC00000)  # SECCOMP_RET_USER_NOTIF
_NOT_SUPPORTED = Instruction(RETURN, 0, 0, 0x00050000 | 95)  # EOPNOTSUPP: a library then connects first
_AND = 0x54
_FAST_OPEN = 0x20000000  # MSG_FASTOPEN
_TYPE_IN, _OF_CONSOLE = 0x5412, 0x541C  # TIOCSTI, TIOCLINUX: what is typed so, a shell that nobody holds does later
_SOCKET_LEVEL, _TO_DEVICE, _TO_INTERFACE = 1, 25, 62  # SOL_SOCKET, SO_BINDTODEVICE, SO_BINDTOIFINDEX
_SET_FILTER = 1
# Flags of SECCOMP_SET_MODE_FILTER; of all threads, the call says by an error that one cannot be held.
_NEW_LISTENER, _NO_MITIGATION, _UNTIL_KILLED, _ALL_THREADS = 1 << 3, 1 << 2, 1 << 5, 1 | 1 << 4
_UNIX, _INET, _INET6, _NETLINK = 1, 2, 10, 16
_STREAM, _TCP = 1, 6


@dataclass(frozen=True, slots=True)
class Numbers:
    """Of a machine's calls, in the kernel's unistd.h."""

    socket: int
    connect: int
    sendto: int
    sendmsg: int
    sendmmsg: int
    setsockopt: int
    ptrace: int
    write_of_another: int  # process_vm_writev
    ioctl: int
    request_key: int  # of the kernel, which starts a program of root's for it: one looks names up


NUMBERS = {
    "x86_64": Numbers(41, 42, 44, 46, 307, 54, 101, 311, 16, 249),
    "aarch64": Numbers(198, 203, 206, 211, 269, 208, 117, 271, 29, 218),
}
_IO_URING_SETUP, PIDFD_GETFD = 425, 438  # of all machines

# SECCOMP_IOCTL_NOTIF_RECV, _SEND, _ID_VALID, _ADDFD
RECEIVE, SEND, IS_VALID, ADD_DESCRIPTOR = 0xC0502100, 0xC0182101, 0x40082102, 0x40182103
QUESTION = struct.Struct("=QIIiIQ6Q")  # id, thread, flags, call, machine, its place, six arguments
ANSWER = struct.Struct("=QqiI")  # id, result, error, flags
GO_ON = 1  # SECCOMP_USER_NOTIF_FLAG_CONTINUE: the kernel makes the call as it was asked
ADDED = struct.Struct("=QIIII")  # id, flags, descriptor, its number there, its flags there
_LEAST_KERNEL = (5, 9)  # the first with all of these


def is_supported() -> bool:
    """Whether the kernel of this machine can ask a process about calls of others."""
    machine = platform.machine()
    if machine not in MACHINES or machine not in NUMBERS:
        return False
    if _kernel() < _LEAST_KERNEL:
        return False
    action = ctypes.c_uint(0x7FC00000)
    return bool(ctypes.CDLL(None).syscall(SECCOMP[machine], 2, 0, ctypes.byref(action)) == 0)  # GET_ACTION_AVAIL


def _kernel() -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", platform.release())[:2])


def hold_to_policy(*, all_threads: bool = False) -> int | None:
    """Have the kernel hold this thread, or this process, and all that it starts, to the filter for good.

    Return the descriptor by which another process is asked; None if the kernel holds to no such filter.
    """
    machine = platform.machine()
    libc = ctypes.CDLL(None, use_errno=True)
    if machine not in NUMBERS or not give_up_privileges():
        return None
    lines = filter_of(machine)
    program = Program(len(lines), (Instruction * len(lines))(*lines))
    # Without mitigations against speculation, that kernels before 5.16 would switch on for every process with a filter.
    flags = _NEW_LISTENER | _NO_MITIGATION | (_ALL_THREADS if all_threads else 0)
    for more in (_UNTIL_KILLED, 0):  # the first is of Linux 5.19
        listener = int(libc.syscall(SECCOMP[machine], _SET_FILTER, flags | more, ctypes.byref(program)))
        if listener >= 0:
            return listener
    return None


def filter_of(machine: str) -> list[Instruction]:
    """The filter, for one of `NUMBERS`."""
    calls = NUMBERS[machine]
    lines = beginning(machine)
    lines += _on(calls.connect, [_ASK])
    lines += _on(calls.socket, _socket())
    for call, place in ((calls.sendmsg, 2), (calls.sendmmsg, 3)):
        lines += _on(call, [Instruction(LOAD, 0, 0, argument(place)), Instruction(JUMP_SET, 0, 1, _FAST_OPEN),
                            _NOT_SUPPORTED, ALLOW])  # fmt: skip
    lines += _on(calls.sendto, _to_an_address())
    lines += _on(calls.setsockopt, _to_a_device())
    lines += _on(calls.ioctl, _to_a_terminal())
    lines += _on(PIDFD_GETFD, [_ASK])
    lines += _on(_IO_URING_SETUP, [LACKING])
    for call in (calls.ptrace, calls.write_of_another, calls.request_key):
        lines += _on(call, [REFUSE])
    return [*lines, ALLOW]


def _on(call: int, then: list[Instruction]) -> list[Instruction]:
    """What is done about one call, whose number is loaded. `then` returns."""
    return [Instruction(JUMP_EQUAL, 0, len(then), call), *then]


def _to_an_address() -> list[Instruction]:
    """Data that is sent to an address is asked about; whether there is one is told by both halves of its pointer."""
    return [
        Instruction(LOAD, 0, 0, argument(3)),
        Instruction(JUMP_SET, 0, 1, _FAST_OPEN),
        _NOT_SUPPORTED,
        Instruction(LOAD, 0, 0, argument(4)),
        Instruction(JUMP_EQUAL, 0, 2, 0),
        Instruction(LOAD, 0, 0, argument(4) + 4),
        Instruction(JUMP_EQUAL, 1, 0, 0),
        _ASK,
        ALLOW,
    ]


def _to_a_device() -> list[Instruction]:
    return [
        Instruction(LOAD, 0, 0, argument(1)),
        Instruction(JUMP_EQUAL, 0, 4, _SOCKET_LEVEL),
        Instruction(LOAD, 0, 0, argument(2)),
        Instruction(JUMP_EQUAL, 1, 0, _TO_DEVICE),
        Instruction(JUMP_EQUAL, 0, 1, _TO_INTERFACE),
        REFUSE,
        ALLOW,
    ]


def _to_a_terminal() -> list[Instruction]:
    return [
        Instruction(LOAD, 0, 0, argument(1)),
        Instruction(JUMP_EQUAL, 1, 0, _TYPE_IN),
        Instruction(JUMP_EQUAL, 0, 1, _OF_CONSOLE),
        REFUSE,
        ALLOW,
    ]


def _socket() -> list[Instruction]:
    """Sockets of this machine and of TCP are made without a question; others are asked about, to be told of."""
    return [
        Instruction(LOAD, 0, 0, argument(0)),
        Instruction(JUMP_EQUAL, 10, 0, _UNIX),
        Instruction(JUMP_EQUAL, 9, 0, _NETLINK),
        Instruction(JUMP_EQUAL, 1, 0, _INET),
        Instruction(JUMP_EQUAL, 0, 6, _INET6),
        Instruction(LOAD, 0, 0, argument(1)),
        Instruction(_AND, 0, 0, 0xF),
        Instruction(JUMP_EQUAL, 0, 3, _STREAM),
        Instruction(LOAD, 0, 0, argument(2)),
        Instruction(JUMP_EQUAL, 2, 0, 0),
        Instruction(JUMP_EQUAL, 1, 0, _TCP),
        _ASK,
        ALLOW,
    ]
