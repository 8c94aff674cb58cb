"""What there is to compute with."""

from __future__ import annotations

from pathlib import Path


def has_gpu() -> bool:
    """Whether this machine shows a GPU."""
    return any(Path("/dev").glob("nvidia[0-9]*"))
