"""What there is to compute with."""

from __future__ import annotations

from pathlib import Path


def has_gpu() -> bool:
    """Whether this machine shows a GPU."""
    return num_gpus() > 0


def num_gpus() -> int:
    """How many this machine shows."""
    return len(list(Path("/dev").glob("nvidia[0-9]*")))
