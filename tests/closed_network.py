"""A network of a test's own, from which no packet can leave the machine: it leads from one end of a cable to the other."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence

import pytest

OUTSIDE, OUTSIDE6 = "203.0.113.9", "2001:db8:2::9"  # RFC 5737, RFC 3849
# Without addresses that the kernel makes by itself, it sends nothing by itself.
_CABLE = """
ip link set lo up && ip link add home0 arp off type veth peer name home1 arp off &&
ip link set home0 addrgenmode none && ip link set home1 addrgenmode none &&
ip addr add 198.51.100.1/24 dev home0 && ip -6 addr add 2001:db8:1::1/64 dev home0 nodad &&
ip link set home0 up && ip link set home1 up && ip route add default dev home0 && ip -6 route add default dev home0 &&
exec "$@"
"""


def _can_be_made() -> bool:
    if os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"):
        return False
    return (
        subprocess.run(
            ["unshare", "--net", "sh", "-c", _CABLE, "sh", "true"], capture_output=True, check=False
        ).returncode
        == 0
    )


def run_there(
    command: Sequence[str], environment: Mapping[str, str], *, timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a command in such a network; it has a route to everywhere, and packets on it can be counted."""
    return subprocess.run(
        ["unshare", "--net", "sh", "-c", _CABLE, "sh", *command],
        env=dict(environment), capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip


CLOSED_NETWORK = pytest.mark.skipif(not _can_be_made(), reason="needs root, unshare and ip")
