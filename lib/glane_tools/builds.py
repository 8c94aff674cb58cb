"""Which build of the engine an environment gets: for nodes with GPUs, or for CPUs."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

DEVICE = "GLANE_DEVICE"
BUILDS = ("cpu", "gpu")
_PINS = Path(__file__).resolve().parent


class UnclearBuild(Exception):
    """Nothing says for which machines the environment is to be."""


def pins_of(build: str) -> Path:
    """The file of pinned requirements of a build."""
    return _PINS / f"{build}.txt"


def pinned(pins: Path) -> dict[str, str]:
    """The versions in a file of pinned requirements, by the name of the package as it is written there."""
    lines = [line.strip() for line in pins.read_text(encoding="utf-8").splitlines()]
    return dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))


def marker(venv: Path, pins: Path) -> Path:
    """The path of a file in an environment that shows that exactly these pins are installed."""
    import hashlib

    digest = hashlib.blake2b(pins.read_bytes(), digest_size=8).hexdigest()
    return venv / f".glane-{pins.stem}-{digest}"


def build_in(venv: Path) -> str | None:
    """The build that an environment has by its markers, whichever its pins were; None if it has none."""
    found = [path for build in BUILDS for path in venv.glob(f".glane-{build}-*")]
    return max(found, key=lambda path: path.stat().st_mtime).name.split("-")[1] if found else None


def told_build() -> str | None:
    """The build that GLANE_DEVICE asks for; None if it is not set.

    Raises:
        UnclearBuild: if it is set to something else.
    """
    told = os.environ.get(DEVICE)
    if told and told not in BUILDS:
        raise UnclearBuild(f"{DEVICE}={told}: there is no such build. Valid: {', '.join(BUILDS)}")
    return told or None


def chosen_build(venv: Path, *, for_tests: bool) -> str:
    """The build to install.

    GLANE_DEVICE decides, then a GPU of this machine, then what the environment has already. A machine that submits jobs
    and has no GPU tells nothing about the nodes: whoever types is asked there. Tests run where they are installed.

    Raises:
        UnclearBuild: on such a machine, if nobody can be asked.
    """
    told = told_build()
    if told or _has_gpu():
        return told or "gpu"
    had = build_in(venv)
    if had or for_tests or shutil.which("sbatch") is None:
        return had or "cpu"
    if sys.stdin.isatty() and sys.stderr.isatty():
        return _asked()
    raise UnclearBuild(
        "this machine submits jobs (sbatch is on the PATH) and has no GPU: say what the nodes have. With GPUs: "
        f"{DEVICE}=gpu make setup. Without, as here: {DEVICE}=cpu make setup"
    )


def _asked() -> str:
    print(
        "glane set-up: this machine submits jobs (sbatch is on the PATH) and has no GPU.\n"
        "  gpu   the nodes have NVIDIA GPUs: what is installed runs there, and not on this machine\n"
        "  cpu   the nodes have none, or you only try things out here",
        file=sys.stderr,
    )
    while True:
        print(f"Which build? [gpu/cpu] ({DEVICE}=gpu or =cpu answers beforehand) ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
        if not answer:
            raise UnclearBuild(f"no answer; set {DEVICE}=gpu or {DEVICE}=cpu")
        if answer.strip().lower() in BUILDS:
            return answer.strip().lower()


def _has_gpu() -> bool:
    """Whether this machine has an NVIDIA GPU."""
    return Path("/dev/nvidia0").exists() and shutil.which("nvidia-smi") is not None
