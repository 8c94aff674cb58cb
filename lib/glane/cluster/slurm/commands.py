"""Small, bounded calls of Slurm's own commands."""

from __future__ import annotations

import shutil
import subprocess

TIMEOUT_S = 30.0


def run(*command: str) -> tuple[int, str, str]:
    """Run one of Slurm's commands. Return its exit code, output and error text.

    A missing command, or one that hangs, is a failure like any other.
    """
    if shutil.which(command[0]) is None:
        return 127, "", f"{command[0]} is not on the PATH"
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return 124, "", f"{command[0]} did not answer within {TIMEOUT_S:.0f} s"
    return done.returncode, done.stdout, done.stderr.strip()


def missing() -> str | None:
    """Say which commands keep us from submitting here, None if none does."""
    absent = [name for name in ("sbatch", "srun", "scontrol") if shutil.which(name) is None]
    if absent:
        return (
            f"{', '.join(absent)} not found: this machine has no Slurm. Submit from a login node, or run here with "
            "cluster=local."
        )
    return None
