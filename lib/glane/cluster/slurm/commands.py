"""Calls of Slurm's commands, with a time limit."""

from __future__ import annotations

import shutil
import subprocess

TIMEOUT_S = 30.0


def run(*command: str) -> tuple[int, str, str]:
    """Run one of Slurm's commands. Return its exit code, output and error text.

    A command that is missing gives 127, and one that takes longer than `TIMEOUT_S` gives 124.
    """
    if shutil.which(command[0]) is None:
        return 127, "", f"{command[0]} is not on the PATH"
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return 124, "", f"{command[0]} did not answer within {TIMEOUT_S:.0f} s"
    return done.returncode, done.stdout, done.stderr.strip()


def site() -> dict[str, str]:
    """Slurm's configuration by the names of `scontrol show config`; empty if it does not answer."""
    code, output, _ = run("scontrol", "show", "config")
    lines = (line.split("=", 1) for line in output.splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, value in lines} if code == 0 else {}


def has_submit_plugins() -> bool:
    """Whether plugins of the site may change a request: other partitions, GPUs. False if Slurm does not answer."""
    return site().get("JobSubmitPlugins", "(null)") not in ("(null)", "")


def seconds(time: str) -> int:
    """Slurm's [days-]hours:minutes:seconds (or minutes[:seconds]) in seconds."""
    days, _, clock = time.rpartition("-")
    parts = [int(part) for part in clock.split(":")]
    if days:
        parts += [0] * (3 - len(parts))
    elif len(parts) < 3:
        parts = [0, *parts] + ([0] if len(parts) == 1 else [])
    hours, minutes, rest = parts
    return ((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + rest


def missing() -> str | None:
    """Return which commands for submitting are missing here, as a message; None if all are there."""
    absent = [name for name in ("sbatch", "srun", "scontrol") if shutil.which(name) is None]
    if absent:
        return (
            f"{', '.join(absent)} not found: this machine has no Slurm. Submit from a login node, or run here with "
            "cluster=local."
        )
    return None
