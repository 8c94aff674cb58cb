"""What may be connected to, as every process of a run finds it in its environment. Imports nothing heavy."""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

VARIABLE = "GLANE_GUARD"  # the policy, as JSON
HELD = "GLANE_GUARD_HELD"  # set where the kernel holds a process, and so all that it starts
WHOLE = "GLANE_GUARD_WHOLE"  # set where a process is a command of glane and nothing else, and so may be held for good
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy", "grpc_proxy")

NAMES_PORT = 53
# Ray and vLLM connect sockets of UDP to these and send nothing: the kernel tells them by which address it would leave.
_PROBED, _PROBED_PORTS = ("8.8.8.8", "2001:4860:4860::8888"), (53, 80)

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Policy:
    """Networks that may be connected to, beside this machine, and where refusals are written down.

    `allowed` are pairs of a network and a port, as "10.0.0.0/24" and 443; port 0 is any. `names` may be looked up.
    `own` are the addresses of this machine, beside those of its loopback. Where the kernel is needed, nothing goes on
    that it does not hold.
    """

    allowed: tuple[tuple[str, int], ...] = ()
    names: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    events: str = ""  # a folder, where each process that refuses has a file of its own
    mode: int = 0o600  # of that file
    is_kernel_wanted: bool = True
    is_kernel_needed: bool = False

    @cached_property
    def _networks(self) -> list[tuple[Network, int]]:
        return [(ipaddress.ip_network(network, strict=False), port) for network, port in self.allowed]

    def permits(self, host: str, port: int) -> bool:
        """Whether a numeric address may be connected to. What is no address may not."""
        try:
            address: Address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        reaches_here = address.is_loopback or address.is_unspecified or str(address) in self.own
        if reaches_here and port != NAMES_PORT:  # a server of names on this machine asks others
            return True
        return any(address in network and only in (0, port) for network, only in self._networks)

    def as_json(self) -> str:
        """The policy as the environment carries it."""
        return json.dumps(asdict(self))


def is_probe(host: str, port: int) -> bool:
    """Whether a socket of UDP that is connected there asks for this machine's own address; it is refused in silence."""
    return host in _PROBED and port in _PROBED_PORTS


def policy_of(environment: Mapping[str, str] = os.environ) -> Policy | None:
    """The policy that a process was started under; None if there is none."""
    told = environment.get(VARIABLE)
    if not told:
        return None
    values = json.loads(told)
    values["allowed"] = tuple((network, port) for network, port in values["allowed"])
    return Policy(**{**values, "names": tuple(values["names"]), "own": tuple(values["own"])})
