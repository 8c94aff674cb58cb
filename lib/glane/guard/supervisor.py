"""Answers the kernel about the connections of processes that are held, and makes those that are allowed.

A connection is made here, on the very socket that the process asked for, to an address that was copied first. So the
process cannot have one address judged and another one connected to. Sockets of UDP are made here, too, and shut for
sending: they tell addresses and receive, and nothing is sent by them, whatever the call and whatever its address.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import os
import socket
import struct
import threading
from dataclasses import dataclass

from glane.guard.calls import (
    ADD_DESCRIPTOR,
    ADDED,
    ANSWER,
    GO_ON,
    IS_VALID,
    PIDFD_GETFD,
    QUESTION,
    RECEIVE,
    SEND,
    Numbers,
)
from glane.guard.others import descriptor_of, listener_behind, process_behind, process_of, stand_where
from glane.guard.policy import Policy, is_probe
from glane.guard.refusals import Refusals, program_of
from glane.guard.services import ASKED_ALWAYS, PROGRAMS, complaint_of, is_file_of_one

_MOST_BYTES = 128  # sockaddr_storage
_FAMILIES = {17: "packet socket", 38: "socket of the kernel's ciphers", 40: "socket to the host of a machine"}
_KINDS = {2: "UDP socket", 3: "raw socket"}
_REACHING_OUT = ("socket:", "anon_inode:seccomp")
_LOOPBACK, _UDP = b"lo\0", 17

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True)
class Question:
    """A call that waits for an answer."""

    number: int
    thread: int
    call: int
    arguments: tuple[int, ...]


class Supervisor:
    """Judges by a policy, and writes refusals down."""

    def __init__(self, listener: int, *, calls: Numbers, policy: Policy, refusals: Refusals) -> None:
        self._listener, self._calls, self._policy, self._refusals = listener, calls, policy, refusals

    def answer_one(self) -> None:
        """Receive a question that is there, and answer it, in a thread of its own if the answer may take long."""
        content = bytearray(QUESTION.size)
        try:
            fcntl.ioctl(self._listener, RECEIVE, content)
        except OSError:  # the process is gone
            return
        number, thread, _, call, _, _, *arguments = QUESTION.unpack(content)
        question = Question(number, thread, call, tuple(arguments))
        try:
            if call == self._calls.connect:
                self._judge(question)
            elif call == self._calls.sendto:
                self._judge_datagram(question)
            elif call == PIDFD_GETFD:
                self._judge_taken(question)
            else:
                self._judge_socket(question)
        except Exception as error:  # whatever it is: this process is all that the run's connections are made by
            if isinstance(error, PermissionError):
                self._note(thread, "process that lets nobody look into it", "-")
            self._answer(question, getattr(error, "errno", None) or errno.EACCES)

    def _judge(self, question: Question) -> None:
        """Make a connection, or refuse it.

        Raises:
            OSError: if the process cannot be looked into, which refuses the call.
        """
        process = process_of(question.thread)
        address = _address(question, 1)
        descriptor = descriptor_of(process, question.arguments[0] & 0xFFFFFFFF)
        is_handed_on = False
        try:
            fcntl.ioctl(self._listener, IS_VALID, struct.pack("=Q", question.number))
            complaint = self._complaint(address)
            if complaint is None:
                is_handed_on = True
                self._begin(question, descriptor, address, process)
            elif _asks_its_own_address(descriptor, address):
                self._answer(question, errno.ENETUNREACH)
            else:
                self._refuse(question, process, complaint)
        finally:
            if not is_handed_on:
                os.close(descriptor)

    def _begin(self, question: Question, descriptor: int, address: bytes, process: int) -> None:
        """Make a connection, in a thread of its own if that may take long."""
        given = question, descriptor, address, process
        if not (fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_NONBLOCK) or address[:2] == _family(socket.AF_UNIX):
            with contextlib.suppress(RuntimeError):  # no more threads: others wait for this connection then
                threading.Thread(target=self._make, args=given, daemon=True).start()
                return
        self._make(*given)

    def _judge_datagram(self, question: Question) -> None:
        """Let it be sent, or refuse it. By a socket of UDP it is not sent then, either, whatever its address becomes.

        Raises:
            OSError: if the process cannot be looked into, which refuses the call.
        """
        complaint = self._complaint(_address(question, 4))
        if complaint is None:
            self._answer(question, 0, GO_ON)
        else:
            self._refuse(question, process_of(question.thread), complaint)

    def _refuse(self, question: Question, process: int, complaint: tuple[str, str]) -> None:
        if not complaint[1].endswith(ASKED_ALWAYS):
            self._note(process, *complaint)
        self._answer(question, errno.EACCES)

    def _complaint(self, address: bytes) -> tuple[str, str] | None:
        """What is refused, as its kind and the address; None if it is allowed."""
        (family,) = struct.unpack_from("=H", address)
        if family in (socket.AF_UNSPEC, socket.AF_NETLINK):
            return None
        if family == socket.AF_UNIX:
            return complaint_of(_path(address) or address[2:].lstrip(b"\0"))
        told = _internet(address)
        if told is None:
            return _FAMILIES.get(family, f"socket of family {family}"), "-"
        shown = f"[{told[0]}]:{told[1]}" if family == socket.AF_INET6 else f"{told[0]}:{told[1]}"
        return None if self._policy.permits(*told) else ("connection", shown)

    def _make(self, question: Question, descriptor: int, address: bytes, process: int) -> None:
        try:
            if path := _path(address):
                self._make_at(question, descriptor, path, process)
            else:
                self._connect(question, descriptor, address)
        except OSError as error:
            self._answer(question, error.errno or errno.EACCES)
        finally:
            os.close(descriptor)

    def _make_at(self, question: Question, descriptor: int, path: bytes, process: int) -> None:
        """Connect to a socket by its file, unless the path leads, by links or from another folder, to a way out.

        Raises:
            OSError: if there is no such file.
        """
        if not path.startswith(b"/"):
            stand_where(process)
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            reached = f"/proc/self/fd/{place}"  # the very file, whatever the path leads to from now on
            if complaint := complaint_of(os.fsencode(os.readlink(reached))):
                self._refuse(question, process, complaint)
            elif is_file_of_one(os.fstat(place)):
                self._refuse(question, process, ("local service", path.decode(errors="replace")))
            else:
                self._connect(question, descriptor, _family(socket.AF_UNIX) + reached.encode() + b"\0")
        finally:
            os.close(place)

    def _connect(self, question: Question, descriptor: int, address: bytes) -> None:
        made = _libc.connect(descriptor, address, len(address))
        code = 0 if made == 0 else ctypes.get_errno()
        if code == 0 and address[:2] == _family(socket.AF_UNIX):
            listener = program_of(listener_behind(descriptor))
            if listener in PROGRAMS:
                _libc.shutdown(descriptor, socket.SHUT_RDWR)
                self._refuse(question, process_of(question.thread), ("local service", listener))
                return
        self._answer(question, code)

    def _judge_socket(self, question: Question) -> None:
        """Make a socket of UDP by which nothing can be sent, or refuse a socket.

        Raises:
            OSError: if it cannot be made or given, which refuses the call.
        """
        family, kind, protocol = (one & 0xFFFFFFFF for one in question.arguments[:3])
        is_internet = family in (socket.AF_INET, socket.AF_INET6)
        if is_internet and kind & 0xF == socket.SOCK_DGRAM and protocol in (0, _UDP):
            with socket.socket(family, kind) as made:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, _LOOPBACK)
                with contextlib.suppress(OSError):  # ENOTCONN: it is shut all the same, for good (inet_shutdown)
                    made.shutdown(socket.SHUT_WR)
                self._hand_over(question, made.fileno(), os.O_CLOEXEC if kind & socket.SOCK_CLOEXEC else 0)
            return
        what = _KINDS.get(kind & 0xF, "socket") if is_internet else _FAMILIES.get(family, f"socket of family {family}")
        self._refuse(question, process_of(question.thread), (what, "-"))

    def _judge_taken(self, question: Question) -> None:
        """Hand over a descriptor of another process, unless it is a socket, or what a guard is asked by.

        Raises:
            OSError: if there is none, or this process may not look into the other, which refuses the call.
        """
        process = process_of(question.thread)
        pidfd, number, _ = (one & 0xFFFFFFFF for one in question.arguments[:3])
        descriptor = descriptor_of(process_behind(process, pidfd), number)
        try:
            if os.readlink(f"/proc/self/fd/{descriptor}").startswith(_REACHING_OUT):
                self._refuse(question, process, ("socket of another process", "-"))
            else:
                self._hand_over(question, descriptor, os.O_CLOEXEC)
        finally:
            os.close(descriptor)

    def _hand_over(self, question: Question, descriptor: int, flags: int) -> None:
        """Answer with a descriptor of this process, as one of the other."""
        told = ctypes.create_string_buffer(ADDED.pack(question.number, 0, descriptor, 0, flags), ADDED.size)
        number = _libc.ioctl(self._listener, ADD_DESCRIPTOR, told)  # Python's own returns no number
        if number < 0:
            raise OSError(ctypes.get_errno(), "no descriptor can be given")
        self._answer(question, 0, result=number)

    def _note(self, process: int, what: str, address: str) -> None:
        self._refusals.note(by="kernel", what=what, address=address, pid=process, program=program_of(process))

    def _answer(self, question: Question, error: int, flags: int = 0, *, result: int = 0) -> None:
        with contextlib.suppress(OSError):  # the process is gone
            fcntl.ioctl(self._listener, SEND, ANSWER.pack(question.number, result, -error, flags))


def _path(address: bytes) -> bytes:
    """The path of a local socket that has a file; empty for others."""
    return address[2:].split(b"\0")[0] if address[:2] == _family(socket.AF_UNIX) else b""


def _asks_its_own_address(descriptor: int, address: bytes) -> bool:
    told = _internet(address)
    if told is None or not is_probe(*told):
        return False
    looked_at = socket.socket(fileno=descriptor)
    try:
        return looked_at.type == socket.SOCK_DGRAM
    finally:
        looked_at.detach()


def _internet(address: bytes) -> tuple[str, int] | None:
    """The host and port of an address of IP; None of another family."""
    (family,) = struct.unpack_from("=H", address)
    if family == socket.AF_INET:
        port, host = struct.unpack_from("!H4s", address, 2)
    elif family == socket.AF_INET6:
        port, _, host = struct.unpack_from("!HI16s", address, 2)
    else:
        return None
    return socket.inet_ntop(family, host), port


def _family(family: int) -> bytes:
    return struct.pack("=H", family)


def _address(question: Question, place: int) -> bytes:
    """A copy of the address that a call points to by its argument at `place`; the next one is its length.

    Raises:
        OSError: if there is none.
    """
    length = question.arguments[place + 1] & 0xFFFFFFFF
    if not 2 <= length <= _MOST_BYTES:
        raise OSError(errno.EINVAL, "no address")
    memory = os.open(f"/proc/{question.thread}/mem", os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = os.pread(memory, length, question.arguments[place])
    except OverflowError:
        raise OSError(errno.EFAULT, "no address") from None
    finally:
        os.close(memory)
    if len(found) != length:
        raise OSError(errno.EFAULT, "no address")
    return found
