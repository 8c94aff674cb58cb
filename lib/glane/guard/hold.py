"""`python -m glane.guard.hold COMMAND …`: runs a command whose connections the kernel asks about, by `GLANE_GUARD`.

This process answers. It must be the parent of what it answers about: a kernel may let nobody else look into a process.
It ends as the command does, and the command ends with it.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from glane.confined import tie_to_parent
from glane.guard import calls
from glane.guard.policy import HELD, PROXIES, policy_of
from glane.guard.refusals import Refusals
from glane.guard.supervisor import Supervisor

_FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_NO_SUCH_COMMAND = 127


def held(command: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """The command under the policy of `environment`; the command itself if there is none, or it is held already."""
    policy = policy_of(environment)
    if policy is None or not policy.is_kernel_wanted or HELD in environment or not calls.is_supported():
        return list(command)
    return [sys.executable, "-m", "glane.guard.hold", *command]


def main() -> int:
    """Run the command, and answer until it ends. Return its exit code; 128 and the signal's number if one ended it."""
    command = sys.argv[1:]
    policy = policy_of()
    if policy is None or not command:
        print("usage: GLANE_GUARD='{…}' python -m glane.guard.hold COMMAND …", file=sys.stderr)
        return _NO_SUCH_COMMAND
    ours, theirs = socket.socketpair()
    parent = os.getpid()
    if (child := os.fork()) == 0:
        _become(command, theirs, parent)
    theirs.close()
    for number in _FORWARDED:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda received, _: _send(child, received))
    _, descriptors, _, _ = socket.recv_fds(ours, 1, 1)
    refusals = Refusals(policy.events, mode=policy.mode)
    if descriptors:
        numbers = calls.NUMBERS[os.uname().machine]
        supervisor = Supervisor(descriptors[0], calls=numbers, policy=policy, refusals=refusals)
        _answer_until_the_end(child, descriptors[0], supervisor)
    else:
        refusals.note(by="kernel", what="not held", address="-", pid=child, program=Path(command[0]).name)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _become(command: Sequence[str], answers: socket.socket, parent: int) -> None:
    """Be held, tell the parent the descriptor by which it is asked, and become the command."""
    tie_to_parent(parent)
    listener = calls.hold_to_policy()
    socket.send_fds(answers, [b"."], [] if listener is None else [listener])
    if listener is not None:
        os.close(listener)
        os.environ[HELD] = "1"
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


def _answer_until_the_end(child: int, listener: int, supervisor: Supervisor) -> None:
    ended = os.pidfd_open(child)
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    poll.register(ended, select.POLLIN)
    while True:
        for descriptor, event in poll.poll():
            if descriptor == ended:
                return
            if event & select.POLLIN:
                supervisor.answer_one()
            else:  # nobody is held any more
                poll.unregister(listener)


def _exit(code: int) -> None:
    """End as the command did: by its signal, if one ended it."""
    if code < 0:
        with contextlib.suppress(OSError, ValueError):  # of SIGKILL nothing can be said
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    _exit(main())
