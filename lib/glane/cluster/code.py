"""Whether a job runs the code that it was submitted with: scripts and library may be of two checkouts."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

ROOT, MARK = "GLANE_ROOT", "GLANE_CODE"  # where the scripts of a job are, and what the code was at its submission
_PACKAGE = Path(__file__).resolve().parents[1]


def mark_of_code(package: Path = _PACKAGE) -> str | None:
    """A short digest of the library's modules and its scripts for Slurm; None if they cannot be read."""
    digest = hashlib.sha256()
    try:
        scripts = sorted((package / "slurm").glob("*.sh"))
        for path in [*sorted(package.rglob("*.py")), *scripts]:
            digest.update(f"{path.relative_to(package)}\0".encode())
            digest.update(path.read_bytes())
    except OSError:
        return None
    return digest.hexdigest()[:12]


def code_warning(environment: Mapping[str, str] = os.environ, package: Path = _PACKAGE) -> str | None:
    """What to say if the library of this process is not what the job was submitted with; None if it is, or unknown."""
    told, root = environment.get(MARK), environment.get(ROOT)
    if told:
        here = mark_of_code(package)
        if here is None or told == here:
            return None
        return (
            f"the code of glane is not that of the submission ({here} now, {told} then): {package} was changed since, "
            "or belongs to another installation. Submit again if that is not meant."
        )
    beside = next((path for path in _packages(root) if (path / "__init__.py").is_file()), None) if root else None
    if beside is None or beside.resolve() == package:
        return None
    here, other = mark_of_code(package), mark_of_code(beside)
    if other and here and other != here:
        return (
            f"the scripts of this job are of {root} ({other}), and the library is {package} ({here}): they differ. "
            "Give the environment of that checkout (GLANE_VENV), or build the container anew."
        )
    return None


def _packages(root: str) -> list[Path]:
    """Where the library of a checkout is."""
    return [Path(root, "lib", "glane"), Path(root)]
