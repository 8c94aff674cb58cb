"""Whether the nodes of a job find and reach each other: names, the interface, and the collectives that engines use."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from glane.cluster import processes
from glane.cluster.address import network_variables
from glane.cluster.findings import Finding, Findings, failed, ok, skipped, warning
from glane.job.doctor.storage_checks import skew_finding
from glane.plain_values import json_values

_RESOLVE_S = 10.0
_NAMES_REMEDY = "Have the site add it to DNS or /etc/hosts of this node."


def check_interface(address: str, told: str | None) -> Finding:
    """The network interface that is taken, with its address."""
    names = [
        name for name, entries in psutil.net_if_addrs().items() for entry in entries if str(entry.address) == address
    ]
    interface = names[0] if names else "?"
    remedy = (
        "Other nodes cannot reach that. Set cluster.interface to the network that the nodes share (ip -brief address)."
    )
    if address.startswith("127."):
        return failed("interface", f"{interface} has {address}, which is this node alone", remedy)
    return ok("interface", f"{interface}{'' if told else ', which routes to the first node'}")


def check_names(hosts: Mapping[str, str], own: str) -> Findings:
    """Whether each node's host name leads to an address that is not this node's alone. `hosts`: addresses by name."""
    threads = [_Resolver(host) for host in hosts]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + _RESOLVE_S
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    unknown = [one.host for one in threads if not one.addresses]
    found = []
    if unknown:
        found.append(failed("host names", f"{', '.join(unknown)}: no address on this node", _NAMES_REMEDY))
    loops = [one.host for one in threads if one.addresses and all(map(_is_loopback, one.addresses))]
    if loops and len(hosts) > 1:
        remedy = (
            "glane gives engines the interface that is told here; other programs would take that address. "
            f"{_NAMES_REMEDY}"
        )
        who = "its own name" if loops == [own] else ", ".join(loops)
        found.append(warning("host names", f"{who} leads to this node's loopback address", remedy))
    return found or [ok("host names", f"{len(hosts)} of {len(hosts)} known")]


def _is_loopback(address: str) -> bool:
    return address.startswith("127.") or address == "::1"


class _Resolver(threading.Thread):
    """A look-up that may hang."""

    def __init__(self, host: str) -> None:
        super().__init__(daemon=True)
        self.host, self.addresses = host, frozenset[str]()

    def run(self) -> None:
        with contextlib.suppress(OSError, UnicodeError):
            self.addresses = frozenset(str(entry[4][0]) for entry in socket.getaddrinfo(self.host, None))


def free_port(address: str) -> int:
    """A port of this node that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])


def check_collectives(
    backend: str, *, address: str, port: int, own_address: str, ranks: Sequence[int], world_size: int, limit_s: float
) -> Findings:
    """Sum over all ranks; those of this node are started here, each a process that is ended after three limits.

    `address` and `port` are where the first rank listens, `own_address` is this node's: its interface is taken, as by
    engines, unless the site has set another one. With two ranks or more, clocks are compared, too.
    """
    name = backend.upper() if backend == "nccl" else backend.capitalize()
    command = [sys.executable, "-m", "glane.engine.collectives", backend, address, str(port)]
    environment = network_variables(own_address) | os.environ
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        children: list[tuple[subprocess.Popen[bytes], Path]] = []
        for local, rank in enumerate(ranks):
            log = Path(folder, str(rank))
            stream = stack.enter_context(open(log, "wb"))
            words = [*command, str(rank), str(world_size), str(local), str(limit_s)]
            children.append((processes.start(words, environment, stdout=stream.fileno()), log))
        deadline = time.monotonic() + 3 * limit_s  # torch is imported, too, from a shared file system
        answers = [_answer(child, log, deadline) for child, log in children]
    return _judged(name, answers, world_size, limit_s)


def _answer(child: subprocess.Popen[bytes], log: Path, deadline: float) -> dict[str, float | str]:
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(max(0.0, deadline - time.monotonic()))
    if child.poll() is None:
        processes.end(child, patience_s=1)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(5)
        return {"error": "no answer"}
    for line in reversed(log.read_text(errors="replace").splitlines()):
        with contextlib.suppress(ValueError):
            answer = json_values(line)
            if isinstance(answer, dict):
                return answer
    return {"error": f"ended with exit code {child.returncode}"}


def _judged(name: str, answers: Sequence[Mapping[str, float | str]], world_size: int, limit_s: float) -> Findings:
    errors = [str(answer["error"]) for answer in answers if "error" in answer]
    if errors:
        variable = f"{name.upper()}_SOCKET_IFNAME"
        remedy = (
            "Is there a firewall between the nodes, or a node that did not come? Try another network: "
            f"cluster.interface=NAME, or export {variable}=NAME in slurm/site.yaml."
        )
        return [failed(name, f"{errors[0]} (limit {limit_s:.0f} s, {world_size} rank(s))", remedy)]
    found: list[Finding] = [ok(name, f"{world_size} rank(s) summed")]
    if world_size > 1:
        skew = min((float(answer["skew"]) for answer in answers), key=abs)
        found.append(skew_finding(f"clock ({name})", -skew, against="the first node"))
    return found


def no_collectives(reason: str) -> Findings:
    """That the collectives were not tried."""
    return [skipped("Gloo", reason)]
