"""The guard of a run: who its processes may connect to, told to all of them by their environment."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path

import psutil

from glane.errors import ConfigError
from glane.guard import hold, hook
from glane.guard.policy import HELD, NAMES_PORT, VARIABLE, Policy
from glane.keys import asked_once
from glane.run.directory import run_directory
from glane.settings import RunSettings
from glane.settings.run import host_and_port, is_network

_RESOLVER, _HOSTS = Path("/etc/resolv.conf"), Path("/etc/hosts")
_RESOLVING, _OVER_TCP = "RES_OPTIONS", "use-vc"  # names are asked for by connections, which can be judged


@contextlib.contextmanager
def guarded_run(settings: RunSettings, *, nodes: Iterable[str] = (), hosts: Iterable[str] = ()) -> Iterator[None]:
    """Guard this process and what it starts while the block lasts. `nodes` are names, addresses or networks of the job.

    `hosts` are allowed as those of `run.allow_hosts` are, because another setting names them. Keys that a command
    prints are asked for before, as their store may be none of these machines.

    Raises:
        ConfigError: if a host is not known, or the kernel must guard and cannot.
        KeysError: if the command does not print keys.
    """
    with asked_once(), _guarded(settings, nodes=nodes, hosts=hosts):
        yield


@contextlib.contextmanager
def _guarded(settings: RunSettings, *, nodes: Iterable[str], hosts: Iterable[str]) -> Iterator[None]:
    if settings.guard == "off":
        yield
        return
    former = {name: os.environ.get(name) for name in (VARIABLE, _RESOLVING)}
    try:
        if _named((*settings.allow_hosts, *hosts)):  # before the first name is looked up: the C library reads it once
            os.environ[_RESOLVING] = " ".join(filter(None, (former[_RESOLVING], _OVER_TCP)))
        policy = policy_for(settings, nodes=nodes, hosts=hosts)
        os.environ[VARIABLE] = policy.as_json()
        with hook.guarded(policy):
            yield
    finally:
        for name, value in former.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def policy_for(settings: RunSettings, *, nodes: Iterable[str] = (), hosts: Iterable[str] = ()) -> Policy:
    """The policy of a run.

    Raises:
        ConfigError: if a host is not known, or the kernel must guard and cannot.
    """
    is_kernel_wanted = settings.guard != "python" and (HELD in os.environ or hold.works())
    if settings.guard == "kernel" and not is_kernel_wanted:
        raise ConfigError(
            "run.guard=kernel: the kernel of this machine cannot guard connections (seccomp with questions to another "
            "process, Linux 5.9 on x86_64 or aarch64), or a container or the site does not let it. With "
            "run.guard=auto, Python alone guards, and the run says so."
        )
    directory = run_directory(settings)
    allowed, names = _allowed((*settings.allow_hosts, *hosts))
    of_the_job, of_nodes = _allowed(nodes, is_known=False)
    return Policy(
        allowed=(*of_the_job, *allowed, *(_resolvers() if names else ())),
        names=tuple(dict.fromkeys((*names, *of_nodes, *full_names((socket.gethostname(), *of_nodes))))),
        own=own_addresses(),
        events=str(directory.ledger.absolute()),
        mode=directory.file_mode,
        is_kernel_wanted=is_kernel_wanted,
        is_kernel_needed=settings.guard == "kernel",
    )


def own_addresses() -> tuple[str, ...]:
    """The addresses of this machine's interfaces, beside those of its loopback."""
    found = [one for entries in psutil.net_if_addrs().values() for one in entries]
    told = [str(one.address).partition("%")[0] for one in found if one.family in (socket.AF_INET, socket.AF_INET6)]
    addresses = dict.fromkeys(ipaddress.ip_address(one) for one in told)
    return tuple(str(one) for one in addresses if not one.is_loopback)


def full_names(hosts: Iterable[str]) -> Iterator[str]:
    """The names of these hosts with and without their domains, as this machine's files tell them: nobody is asked."""
    firsts = {host.lower().partition(".")[0] for host in hosts}
    yield from firsts
    for words in _lines(_RESOLVER):
        if words[0] in ("search", "domain"):
            yield from (f"{first}.{domain.lower().strip('.')}" for first in firsts for domain in words[1:])
    for words in _lines(_HOSTS):
        yield from (name for name in map(str.lower, words[1:]) if name.partition(".")[0] in firsts)


def _lines(path: Path) -> Iterator[list[str]]:
    """The words of the lines of a file of the system, without remarks; none if it cannot be read."""
    with contextlib.suppress(OSError, UnicodeDecodeError):
        for line in path.read_text().splitlines():
            if words := line.partition("#")[0].split():
                yield words


def network_of(interface: str | None) -> tuple[str, ...]:
    """The IPv4 networks that an interface of this machine is in: the nodes of a job meet there."""
    found = psutil.net_if_addrs().get(interface or "", [])
    return tuple(
        str(ipaddress.ip_interface(f"{one.address}/{one.netmask}").network)
        for one in found
        if one.family == socket.AF_INET and one.netmask
    )


def are_nodes_known(told: Iterable[str], *, own: str, num_nodes: int) -> bool:
    """Whether what is told of a job's nodes leads to where they meet, as far as one can know at `own`, which is there.

    A name may lead to another network, or nowhere: then it does for the others as well.
    """
    found = {network.partition("/")[0] for network, _ in _allowed(told, is_known=False)[0]}
    outward = [one for one in found if ":" not in one and not ipaddress.ip_address(one).is_loopback]
    return ipaddress.ip_address(own).is_loopback or (own in found and len(outward) >= num_nodes)


def _allowed(hosts: Iterable[str], *, is_known: bool = True) -> tuple[tuple[tuple[str, int], ...], tuple[str, ...]]:
    """Networks with a port each, and the names among the hosts.

    Raises:
        ConfigError: for a name that is not known, where `is_known` says that it must be.
    """
    networks: list[tuple[str, int]] = []
    names = []
    for told in hosts:
        host, port = host_and_port(told)
        if is_network(host):
            networks.append((host, port))
            continue
        names.append(host.lower())
        found = _addresses(host)
        if not found and is_known:
            raise ConfigError(
                f"run.allow_hosts: no address is known of {host!r} on this machine; its servers of names are asked "
                "over TCP. Give its address, or a network as 10.1.0.0/16."
            )
        networks += [(address, port) for address in found]
    return tuple(dict.fromkeys(networks)), tuple(dict.fromkeys(names))


def _named(hosts: Iterable[str]) -> bool:
    """Whether a name is among them, which must be looked up again by who connects to it."""
    return any(not is_network(host_and_port(told)[0]) for told in hosts)


def _addresses(name: str) -> list[str]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return list(dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found))


def _resolvers() -> Iterator[tuple[str, int]]:
    """The servers of names of this machine, which are asked for those that are allowed."""
    for words in _lines(_RESOLVER):
        if words[0] == "nameserver" and len(words) > 1 and is_network(words[1]):
            yield words[1], NAMES_PORT
