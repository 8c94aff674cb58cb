"""Python's own guard: an audit hook, which refuses with a sentence, and before a name is looked up.

It needs nothing of the kernel, and sees what passes through Python's sockets alone: no library in C, no other program.
See PEP 578.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from glane.guard.policy import Policy, is_probe, policy_of
from glane.guard.refusals import Refusals, plain

_TO_ADDRESS = ("socket.connect", "socket.sendto", "socket.sendmsg")
_LOOK_UPS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")
_LABELS = 2  # of a name that is looked up, so many are told: what is before them may be text


class EgressRefused(PermissionError):
    """A connection that no process of a run may make."""


class _Guard:
    policy: Policy | None = None
    refusals: Refusals | None = None
    is_installed = False


_guard = _Guard()


def install(environment: Mapping[str, str] = os.environ) -> None:
    """Guard this process to its end, if it was started under a policy."""
    policy = policy_of(environment)
    if policy is not None:
        _guard_by(policy)


@contextmanager
def guarded(policy: Policy) -> Iterator[None]:
    """Guard this process while the block lasts; a policy that is there already goes on."""
    before = _guard.policy, _guard.refusals
    if before[0] is None:
        _guard_by(policy)
    try:
        yield
    finally:
        _guard.policy, _guard.refusals = before


def _guard_by(policy: Policy) -> None:
    _guard.policy, _guard.refusals = policy, Refusals(policy.events, mode=policy.mode)
    if not _guard.is_installed:
        _guard.is_installed = True
        sys.addaudithook(_heard)  # for good: without a policy it does nothing


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    if _guard.policy is None or not event.startswith("socket."):
        return
    if event in _TO_ADDRESS:
        _judge_address(_guard.policy, event, *arguments[:2])
    elif event in _LOOK_UPS:
        _judge_name(_guard.policy, arguments[0])


def _judge_address(policy: Policy, event: str, made: Any, address: Any) -> None:
    family = getattr(made, "family", None)
    if family not in (socket.AF_INET, socket.AF_INET6) or not isinstance(address, tuple) or len(address) < 2:
        return  # of sockets of other families the kernel's guard knows, and that they exist is told with it
    host, port = _text(address[0]), address[1]
    if not _is_numeric(host):
        _judge_name(policy, host)
    elif made.type == socket.SOCK_DGRAM and event == "socket.connect" and is_probe(str(host), int(port)):
        raise EgressRefused(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
    elif not policy.permits(str(host), int(port)):
        _refuse("connection", f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}")


def _judge_name(policy: Policy, told: Any) -> None:
    name = _text(told)
    if name is None or _is_numeric(name):
        return
    if str(name).lower().rstrip(".") not in {"", "localhost", socket.gethostname().lower(), *policy.names}:
        _refuse("name", ".".join(str(name).split(".")[-_LABELS:]))


def _text(host: Any) -> Any:
    """A host as text: Python's sockets take bytes, too."""
    return host.decode("ascii", "replace") if isinstance(host, bytes | bytearray) else host


def _is_numeric(host: Any) -> bool:
    if host in ("", "<broadcast>"):
        return host == ""
    try:
        ipaddress.ip_address(str(host).partition("%")[0])
    except ValueError:
        return False
    return True


def _refuse(what: str, address: str) -> None:
    assert _guard.refusals is not None
    program = Path(sys.argv[0]).name if sys.argv else ""
    _guard.refusals.note(by="Python", what=what, address=address, pid=os.getpid(), program=program or "python")
    raise EgressRefused(
        f"the {what} {plain(address, 80)} is refused: processes of a run reach this machine and the nodes of its job. "
        "If it is meant, name it in run.allow_hosts."
    )
