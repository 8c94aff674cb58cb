"""The address at which the other nodes of a job reach this one."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

import psutil

from glane.cluster.scheduler import Allocation
from glane.errors import ConfigError

NAMING = "_SOCKET_IFNAME"  # the end of the variables by which NCCL and Gloo are told an interface


def own_address(allocation: Allocation, interface: str | None) -> str:
    """Return this node's IPv4 address on `interface`; by default on the interface that routes to the first node.

    Raises:
        ConfigError: if there is no such interface.
    """
    if interface is not None:
        found = psutil.net_if_addrs()
        for entry in found.get(interface, []):
            if entry.family == socket.AF_INET:
                return str(entry.address)
        raise ConfigError(
            f"cluster.interface: no {interface!r} with an IPv4 address on {allocation.host}. "
            f"Valid: {', '.join(sorted(found))}."
        )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:  # nothing is sent: the kernel picks the route
        probe.connect((allocation.launch_address, 9))
        return str(probe.getsockname()[0])


def network_variables(address: str) -> dict[str, str]:
    """The environment variables by which the processes of an engine meet at this node's `address`, and nowhere else.

    Without them, Gloo takes what the host name resolves to, NCCL the first interface, and vLLM the one that routes to
    the internet: on a cluster these are often three, and not the one of the job.
    """
    interface = interface_at(address)
    named = {} if interface is None else {"GLOO_SOCKET_IFNAME": interface, "NCCL_SOCKET_IFNAME": interface}
    return named | {"VLLM_HOST_IP": address}


def interface_at(address: str) -> str | None:
    """The interface of this machine that has an address; None if none has."""
    found = psutil.net_if_addrs().items()
    return next((name for name, entries in found for entry in entries if entry.address == address), None)


def interfaces_named(environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The interfaces of this machine that a site has named for NCCL or Gloo, by which engines then meet.

    As NCCL reads it (NCCL_SOCKET_IFNAME): beginnings of names, `=ib0` exactly that one, `^docker,lo` all but those.
    """
    told = [value for name, value in environment.items() if name.endswith(NAMING) and value]
    return tuple(name for name in psutil.net_if_addrs() if any(_is_meant(name, value) for value in told))


def _is_meant(interface: str, told: str) -> bool:
    names = [name for name in told.lstrip("^=").split(",") if name]
    is_exact = told.lstrip("^").startswith("=")
    is_named = interface in names if is_exact else interface.startswith(tuple(names))
    return is_named != told.startswith("^")
