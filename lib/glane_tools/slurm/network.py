"""The network between the nodes: a bridge on this host, and one cable to each node's network namespace.

The namespaces have no names. Each exists as long as the process that holds it open, so nothing can be left in
/run/netns, and a node keeps its namespace while it is off.
"""

from __future__ import annotations

import ipaddress
import itertools
import json
import os
import random
import socket
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slurm.errors import SlurmError

NODE_PORT = 6818  # each node has its own namespace, so it is always free
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
_CANDIDATES_EACH = 200
_PORTS = range(20000, 32000)  # below the ports that the kernel gives to outgoing connections


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Names and addresses; interface names have at most 15 characters."""

    bridge: str
    subnet: str
    nodes: tuple[str, ...]

    @property
    def host_address(self) -> str:
        """This host on the bridge."""
        return str(ipaddress.ip_network(self.subnet)[1])

    @property
    def addresses(self) -> dict[str, str]:
        """The address of each node."""
        subnet = ipaddress.ip_network(self.subnet)
        return {node: str(subnet[10 + number]) for number, node in enumerate(self.nodes, start=1)}

    def cable(self, node: str) -> str:
        """The end of the node's cable that is plugged into the bridge."""
        return f"{self.bridge}-{node}"


def plan(cluster_id: str, nodes: tuple[str, ...]) -> Network:
    """Choose names, and a private /24 that this host does not use or route."""
    return Network(bridge=f"gs{cluster_id}", subnet=_free_subnet(_used_subnets()), nodes=nodes)


def hold_namespace() -> list[str]:
    """The command whose process keeps one network namespace open."""
    return ["unshare", "--net", "sleep", "infinity"]


def is_own_namespace(pid: int) -> bool:
    """Whether the process has left this host's network for its own."""
    try:
        return os.readlink(f"/proc/{pid}/ns/net") != os.readlink("/proc/self/ns/net")
    except OSError:
        return False


def connect(network: Network, holders: dict[str, int]) -> None:
    """Make the bridge, and plug each node's namespace into it. No node has a route to anywhere else."""
    lines = [
        f"link add {network.bridge} type bridge forward_delay 0 stp_state 0 mcast_snooping 0",
        f"address add {network.host_address}/24 dev {network.bridge}",
        f"link set {network.bridge} up",
    ]
    for node, pid in holders.items():
        cable = network.cable(node)
        lines.append(f"link add {cable} type veth peer name eth0 netns {pid}")
        lines.append(f"link set {cable} master {network.bridge} up")
    _batch(lines)
    for node, pid in holders.items():
        address = network.addresses[node]
        inside = [f"address add {address}/24 dev eth0", "link set eth0 up", "link set lo up"]
        _batch(inside, prefix=["nsenter", f"--net=/proc/{pid}/ns/net"])


def unplug(network: Network, node: str) -> None:
    """Remove a node's cable from the bridge. Packets are lost in both directions."""
    _batch([f"link set {network.cable(node)} down"])


def plug(network: Network, node: str) -> None:
    """Connect a node's cable again. Nothing happens if it is connected."""
    _batch([f"link set {network.cable(node)} up"])


def disconnect(network: Network) -> None:
    """Remove what `connect` made, if it still exists."""
    for name in [*(network.cable(node) for node in network.nodes), network.bridge]:
        if Path("/sys/class/net", name).exists():
            subprocess.run(["ip", "link", "del", name], check=False, capture_output=True)


def free_ports(count: int) -> list[int]:
    """Ports of this host on which no process listens."""
    return list(itertools.islice((port for port in random.sample(_PORTS, 200) if _is_free(port)), count))


def accepts(address: str, port: int) -> bool:
    """Whether a process listens on this port."""
    try:
        with socket.create_connection((address, port), timeout=1):
            return True
    except OSError:
        return False


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("", port))
        except OSError:
            return False
        return True


def _free_subnet(used: list[ipaddress.IPv4Network]) -> str:
    for block in map(ipaddress.IPv4Network, _PRIVATE):
        num_subnets = 1 << (24 - block.prefixlen)
        for number in random.sample(range(num_subnets), min(_CANDIDATES_EACH, num_subnets)):
            subnet = ipaddress.IPv4Network((int(block.network_address) + 256 * number, 24))
            if not any(subnet.overlaps(other) for other in used):
                return str(subnet)
    raise SlurmError(f"no private /24 is free here: this host routes all of {', '.join(_PRIVATE)}")


def _used_subnets() -> list[ipaddress.IPv4Network]:
    """Every destination that this host routes by more than the default route, and its own addresses."""
    routes = [str(route["dst"]) for route in _ask(["-4", "route", "show", "table", "all"])]
    interfaces = [own for interface in _ask(["-4", "address"]) for own in interface.get("addr_info", [])]
    addresses = [f"{own['local']}/{own['prefixlen']}" for own in interfaces]
    used = [ipaddress.IPv4Network(name, strict=False) for name in [*routes, *addresses] if name != "default"]
    return [subnet for subnet in used if subnet.prefixlen > 0]


def _ask(arguments: list[str]) -> list[dict[str, Any]]:
    answer = subprocess.run(["ip", "-json", *arguments], check=True, capture_output=True, text=True).stdout
    found: list[dict[str, Any]] = json.loads(answer or "[]")
    return found


def _batch(lines: Iterable[str], prefix: Iterable[str] = ()) -> None:
    done = subprocess.run(
        [*prefix, "ip", "-batch", "-"], input="\n".join(lines) + "\n", check=False, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise SlurmError(f"the network between the nodes could not be made: {done.stderr.strip()}")
