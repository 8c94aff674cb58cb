"""The versions, the commit and the host of the process that does the work."""

from __future__ import annotations

import os
import platform
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from glane.guard import calls
from glane.guard.policy import policy_of
from glane.run.audit_chain import SETTING
from glane.validation import Strict
from glane.versions import installed_version, vllm_version

_PACKAGES = ("torch", "pyarrow", "polars")


Guard = Literal["kernel", "python", "off", ""]
BetweenNodes = Literal["tls", "plain", ""]
USES_TLS, TLS, PLAIN = "RAY_USE_TLS", "1", "0"  # in the environment of processes of a job of several nodes


class Environment(Strict):
    """Versions, commit and host, as a run records them."""

    versions: Mapping[str, str]
    git_commit: str | None
    host: str
    guard: Guard = ""  # of connections to other machines; empty where an earlier glane worked
    audit_log: str | None = None  # its folder; empty if there is none, None by an earlier glane
    between_nodes: BetweenNodes = ""  # how Ray speaks from node to node; empty on one node, or by an earlier glane


def environment() -> Environment:
    """The environment of this process."""
    return Environment(
        versions=versions(), git_commit=_git_commit(), host=socket.gethostname(), guard=guard_here(),
        audit_log=os.environ.get(SETTING, ""), between_nodes=between_nodes_here(),
    )  # fmt: skip


def guard_here() -> Guard:
    """What refuses connections to other machines, of the processes that this one starts."""
    policy = policy_of()
    if policy is None:
        return "off"
    return "kernel" if policy.is_kernel_wanted and calls.is_supported() else "python"


def between_nodes_here() -> BetweenNodes:
    """How Ray's processes on the nodes of this process's job speak to each other; empty if there is one node."""
    told: dict[str | None, BetweenNodes] = {TLS: "tls", PLAIN: "plain"}
    return told.get(os.environ.get(USES_TLS), "")


def between_nodes_line(between_nodes: BetweenNodes) -> str:
    """What it means, in words."""
    if between_nodes == "tls":
        return "Ray speaks TLS between the nodes"
    return "Ray speaks without TLS between the nodes (cluster.tls)"


TRUSTED_LINE = (
    "engines may send what they read between nodes, neither encrypted nor signed (cluster.trusted_network=true)"
)


def guard_line(guard: Guard) -> str:
    """What it means, in words."""
    if guard == "off":
        return "nothing refuses connections to other machines"
    if guard == "python":
        return "Python refuses connections to other machines; what is not Python is not held to it"
    return "the kernel refuses connections to other machines"


def versions() -> dict[str, str]:
    """The versions of glane, Python and the packages that answers depend on."""
    own = {"glane": installed_version("glane"), "python": platform.python_version()}
    engines = {"ray": installed_version("ray"), "vllm": vllm_version()}
    return own | engines | {name: installed_version(name) for name in _PACKAGES}


def _git_commit() -> str | None:
    """The commit of the checkout that this code runs from, with `+` if files were changed; None without a checkout."""
    folder = Path(__file__).parent
    try:
        commit = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--dirty=+", "--abbrev=40", "--exclude=*"],
            capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return commit.stdout.strip()
