"""Who listens on a port of this machine: on one that others use, too, it may be somebody else."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import struct
from collections.abc import Iterator
from pathlib import Path

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_LISTENS = "0A"
_ADDRESS, _PEER, _STATE, _USER = 1, 2, 3, 7  # the fields of a line


def strangers(port: int, connected_from: int | None = None) -> set[int]:
    """The ids of the users, except this one and root, who listen on a port of the loopback network.

    Args:
        port: The port.
        connected_from: The port of a connection to it. Who took this is told, too, even if they listen no more.

    Returns:
        Nobody where the system does not tell, as it does on Linux (`/proc/net/tcp`, see proc(5)).
    """
    return {user for user in _users(port, connected_from) if user not in (0, os.geteuid())}


def _users(port: int, connected_from: int | None) -> Iterator[int]:
    for table in _TABLES:
        with contextlib.suppress(OSError, ValueError, IndexError):
            for line in table.read_text(encoding="ascii").splitlines()[1:]:
                fields = line.split()
                address, _, told = fields[_ADDRESS].partition(":")
                peer = int(fields[_PEER].partition(":")[2], 16)
                is_one = fields[_STATE] == _LISTENS or peer == connected_from
                if is_one and int(told, 16) == port and _is_of_loopback(address):
                    yield int(fields[_USER])


def _is_of_loopback(written: str) -> bool:
    """Whether who listens on an address is reached by one of the loopback network; in words of 32 bits, as written."""
    words = [int(written[at : at + 8], 16) for at in range(0, len(written), 8)]
    address = ipaddress.ip_address(struct.pack(f"={len(words)}I", *words))
    mapped = getattr(address, "ipv4_mapped", None) or address
    return mapped.is_loopback or mapped.is_unspecified
