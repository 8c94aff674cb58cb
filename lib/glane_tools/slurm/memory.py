"""Limits on the memory of jobs that the kernel keeps, on machines where root may make control groups."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from slurm.configuration import MEMORY_GROUPS, Layout


def has_limits() -> bool:
    """Whether this machine lets root limit memory by control groups of version 1.

    Those of version 2 Slurm 22.05 takes from systemd only, of which a machine has one, and a cluster of its own none.
    """
    if not (MEMORY_GROUPS / "memory.oom_control").exists():
        return False
    probe = MEMORY_GROUPS / f"glane-probe-{secrets.token_hex(4)}"
    try:
        probe.mkdir()
        probe.rmdir()
    except OSError:
        return False
    return True


def remove_groups(layout: Layout) -> None:
    """Remove the control groups of the nodes, whose processes have ended."""
    for group in MEMORY_GROUPS.glob(f"{layout.root.name}-*"):
        for folder, _, _ in os.walk(group, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
