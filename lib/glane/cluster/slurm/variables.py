"""The environment variables that sbatch takes as options, and those that would change what is asked for."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from glane.settings import SBATCH_KEYS, SlurmSettings

_STEP_VARIABLES = Path(__file__).resolve().parents[2] / "slurm" / "variables.sh"

# Options that sbatch does not read from SBATCH_ and their own name.
_IRREGULAR = {
    "time": ("SBATCH_TIMELIMIT",),
    "mem": ("SBATCH_MEM_PER_NODE",),
    "array": ("SBATCH_ARRAY_INX",),
    "switches": ("SBATCH_REQ_SWITCH", "SBATCH_WAIT4SWITCH"),
    "clusters": ("SBATCH_CLUSTERS", "SLURM_CLUSTERS"),
    "requeue": ("SBATCH_REQUEUE", "SBATCH_NO_REQUEUE"),
    "bb": ("SBATCH_BURST_BUFFER",),
}
# Options of which sbatch takes one, or which together mean another thing than one alone.
_GROUPS = (
    ("mem", "mem-per-cpu", "mem-per-gpu"),
    ("gpus-per-node", "gpus", "gpus-per-task", "gpus-per-socket", "gres"),
    ("cpus-per-task", "cpus-per-gpu"),
    ("core-spec", "thread-spec"),
)
_ALWAYS_ASKED = ("output", "error", "open-mode", "signal", "array", "export", "job-name", "requeue")


def is_of_a_step(name: str) -> bool:
    """Whether a job inherits this variable from the one that it is submitted from, and its srun would read it."""
    return any(fnmatchcase(name, pattern) for pattern in _step_patterns())


def hidden(cluster: SlurmSettings, environment: Mapping[str, str] = os.environ) -> list[str]:
    """The variables that sbatch must not see: for it, they overrule the lines of a script.

    Defaults for sbatch are hidden only where the settings give a value.
    """
    asked = {*_ALWAYS_ASKED, *asked_options(cluster)}
    names = {name for option in asked for other in same_group(option) for name in variables_of(other)}
    return [name for name in environment if name in names or name.startswith("SUBMITIT_") or is_of_a_step(name)]


def taken(cluster: SlurmSettings, option: str, environment: Mapping[str, str] = os.environ) -> tuple[str, str] | None:
    """The value that sbatch takes for an option, after the key or variable that gives it; None if there is none."""
    key = SBATCH_KEYS.get(option)
    if key is not None and getattr(cluster, key) is not None:
        return f"cluster.{key}", str(getattr(cluster, key))
    if option in cluster.sbatch:
        return f"cluster.sbatch.{option}", str(cluster.sbatch[option])
    names = set(variables_of(option)) - set(hidden(cluster, environment))
    return next(((name, environment[name]) for name in sorted(names) if name in environment), None)


def asked_options(cluster: SlurmSettings) -> set[str]:
    """The options of sbatch that the settings give a value, except those that every job has."""
    return {option for option, key in SBATCH_KEYS.items() if getattr(cluster, key) is not None} | set(cluster.sbatch)


def same_group(option: str) -> tuple[str, ...]:
    """The options of which sbatch takes one only, with this one."""
    return next((group for group in _GROUPS if option in group), (option,))


def variables_of(option: str) -> tuple[str, ...]:
    """The variables that sbatch reads for an option."""
    return _IRREGULAR.get(option, (f"SBATCH_{option.upper().replace('-', '_')}",))


@cache
def _step_patterns() -> tuple[str, ...]:
    lines = _STEP_VARIABLES.read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if re.fullmatch(r"S[A-Z]+_[A-Z_*]*", line))
