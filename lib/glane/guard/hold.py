"""`glane.guard.hold COMMAND …`, as `held` writes it: the kernel asks about the connections of a command.

This process answers. It must be the parent of what it answers about: a kernel may let nobody else look into a process.
It ends as the command does, and the command ends with it.

A process that is there already holds itself, and starts one that answers: `glane.guard.hold --answer SOCKET`.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NoReturn

from glane.confined import let_look, tie_to_parent
from glane.guard import calls
from glane.guard.others import descriptor_of
from glane.guard.policy import HELD, PROXIES, Policy, policy_of
from glane.guard.refusals import Refusals
from glane.guard.supervisor import Supervisor

_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_NOT_HELD, _NO_SUCH_COMMAND = 126, 127
_ANSWER, _TRY = "--answer", "--try"
_READY, _NOT_READY = b".", b"-"
_PATIENCE_S = 20.0
_START = "import sys; sys.path.insert(0, sys.argv[1]); from glane.guard.hold import run; run()  # glane.guard.hold"


def held(command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """The command under the policy of `environment`; the command itself if there is none, or it is held already.

    Where the kernel is needed and cannot, the command ends at once with a sentence.
    """
    policy = policy_of(environment)
    if policy is None or not policy.is_kernel_wanted or HELD in environment:
        return list(command)
    if not calls.is_supported() and not policy.is_kernel_needed:
        return list(command)
    return [*_itself(), *command]


def works() -> bool:
    """Whether the kernel guards here. It is tried: a container or a hardened kernel may refuse one part of it."""
    return calls.is_supported() and _is_tried()


@cache
def _is_tried() -> bool:
    try:
        quiet = subprocess.DEVNULL
        tried = subprocess.run(
            [*_itself(), _TRY], stdin=quiet, stdout=quiet, stderr=quiet, timeout=_PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return False
    return tried.returncode == 0


def _try() -> int:
    """Hold a child that connects as a run's processes do. Return 0 if it could."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        child, listener = _forked()
        if child == 0:
            if HELD not in os.environ:
                os._exit(1)
            with contextlib.suppress(OSError), socket.create_connection(server.getsockname(), timeout=_PATIENCE_S):
                os._exit(int(_sends_datagrams(server.getsockname())))
            os._exit(1)
        if listener is not None:
            policy = Policy(events=os.devnull)
            _answer_until_the_end(child, listener, _supervisor(listener, policy))
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _sends_datagrams(address: tuple[str, int]) -> bool:
    with socket.socket(type=socket.SOCK_DGRAM) as one:
        one.connect(address)
        try:
            one.send(b"")
        except BrokenPipeError:
            return False
        return True


def _itself() -> list[str]:
    """The command of this module, without the packages of the environment, which take most of the time to start."""
    return [sys.executable, "-S", "-c", _START, str(Path(__file__).resolve().parents[2])]


def hold_this_process() -> bool:
    """Have the kernel hold this process, all its threads, for good, by the policy of its environment. Return whether.

    What it starts from here on is held with it. What it has started is not.
    """
    policy = policy_of()
    if policy is None or not policy.is_kernel_wanted or HELD in os.environ or not calls.is_supported():
        return False
    if not _is_held_now():
        _note_not_held(policy, os.getpid(), Path(sys.argv[0]).name)
        return False
    os.environ[HELD] = "1"
    return True


def is_hold_lacking() -> bool:
    """Whether the kernel does not hold this process, and its policy says that it must."""
    policy = policy_of()
    return policy is not None and policy.is_kernel_needed and HELD not in os.environ


def _is_held_now() -> bool:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        answering = subprocess.Popen(
            [*_itself(), _ANSWER, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        theirs.close()
        ours.settimeout(_PATIENCE_S)
        let_look(answering.pid)
        try:
            ours.send(_READY)
            if ours.recv(1) != _READY:  # before anything is held: afterwards, nothing could be connected without it
                return False
        except OSError:
            return False
        listener = calls.hold_to_policy(all_threads=True)
        socket.send_fds(ours, [_READY], [] if listener is None else [listener])
        if listener is None:
            return False
        os.close(listener)
        return True


def _answer(descriptor: int) -> int:
    """Answer about the process that started this one, until it and all that it started have ended."""
    policy = policy_of()
    assert policy is not None
    with socket.socket(fileno=descriptor) as theirs:
        theirs.recv(1)
        theirs.send(_READY if _may_look_into(os.getppid()) else _NOT_READY)
        _, descriptors, _, _ = socket.recv_fds(theirs, 1, 1)
    for listener in descriptors:
        _answer_until_the_end(None, listener, _supervisor(listener, policy))
    return 0


def _may_look_into(process: int) -> bool:
    try:
        os.close(descriptor_of(process, 0))
    except OSError as error:
        return error.errno == errno.EBADF  # it has none of this number, and that could be asked
    return True


def main() -> int:
    """Run the command, and answer until it ends. Return its exit code; 128 and the signal's number if one ended it."""
    command = sys.argv[2:]
    if command[:1] == [_ANSWER]:
        return _answer(int(command[1]))
    if command == [_TRY]:
        return _try()
    policy = policy_of()
    if policy is None or not command:
        print("usage: GLANE_GUARD='{…}' glane.guard.hold COMMAND …", file=sys.stderr)
        return _NO_SUCH_COMMAND
    child, listener = _forked(is_needed=policy.is_kernel_needed)
    if child == 0:
        _become(command)
    for number in _FORWARDED:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda received, _: _send(child, received))
    if listener is not None:
        _answer_until_the_end(child, listener, _supervisor(listener, policy))
    else:
        _note_not_held(policy, child, Path(command[0]).name)
        if policy.is_kernel_needed:
            print(f"run.guard=kernel: the kernel did not hold {Path(command[0]).name}: not started", file=sys.stderr)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _note_not_held(policy: Policy, process: int, program: str) -> None:
    refusals = Refusals(policy.events, mode=policy.mode)
    refusals.note(by="kernel", what="not held", address="-", pid=process, program=program)


def _forked(*, is_needed: bool = False) -> tuple[int, int | None]:
    """A child that is held: its id, and the descriptor by which this process is asked; in it, 0 and nothing.

    One that is not held ends, if that is needed.
    """
    ours, theirs = socket.socketpair()
    parent = os.getpid()
    with ours, theirs:
        if (child := os.fork()) == 0:
            tie_to_parent(parent)
            listener = calls.hold_to_policy()
            socket.send_fds(theirs, [_READY], [] if listener is None else [listener])
            if listener is not None:
                os.close(listener)
                os.environ[HELD] = "1"
            elif is_needed:
                os._exit(_NOT_HELD)
            return 0, None
        theirs.close()
        _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
    return child, descriptors[0] if descriptors else None


def _become(command: Sequence[str]) -> NoReturn:
    """Become the command."""
    for name in [name for name in os.environ if name.lower() in PROXIES]:
        del os.environ[name]
    try:
        os.execvp(command[0], list(command))
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
    os._exit(_NO_SUCH_COMMAND)


def _send(child: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, number)


def _supervisor(listener: int, policy: Policy) -> Supervisor:
    numbers = calls.NUMBERS[os.uname().machine]
    return Supervisor(listener, calls=numbers, policy=policy, refusals=Refusals(policy.events, mode=policy.mode))


def _answer_until_the_end(child: int | None, listener: int, supervisor: Supervisor) -> None:
    """Answer until the child ends, or where there is none, until nobody is held any more."""
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    ended = -1 if child is None else os.pidfd_open(child)
    if child is not None:
        poll.register(ended, select.POLLIN)
    while True:
        for descriptor, event in poll.poll():
            if descriptor == ended:
                return
            if event & select.POLLIN:
                supervisor.answer_one()
            elif child is None:  # nobody is held any more
                return
            else:
                poll.unregister(listener)


def run() -> None:
    """Do what this process was started for, and end as the command did."""
    _exit(main())


def _exit(code: int) -> None:
    """End as the command did: by its signal, if one ended it."""
    if code < 0:
        with contextlib.suppress(OSError, ValueError):  # of SIGKILL nothing can be said
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 128 - code)
