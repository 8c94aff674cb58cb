"""Programs of Debian that tests need: those that are missing are installed, where that is allowed."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

STATE = "/var/lib/apt"


class MissingError(Exception):
    """A program is missing, and cannot be installed."""


def install(packages: Mapping[str, str]) -> list[str]:
    """Install what is missing, and return the names of those packages.

    `packages` are those that bring each program, or each file, which is named by its path.

    Raises:
        MissingError: if something is missing and cannot be installed.
    """
    missing = [program for program in packages if not _is_there(program)]
    if not missing:
        return []
    wanted_packages = [packages[program] for program in missing]
    wanted = f"not installed: {', '.join(missing)}"
    if os.geteuid() != 0:
        raise MissingError(f"{wanted}; root can: apt-get install {' '.join(wanted_packages)}")
    if shutil.which("apt-get") is None:
        raise MissingError(f"{wanted}; this machine has no apt-get to install them with")
    with installing():
        for step in (["update"], ["install", "--yes", "--no-install-recommends", *wanted_packages]):
            done = _apt_get(step)
            if done.returncode != 0:
                words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
                raise MissingError(f"{wanted}; apt-get {step[0]} failed. It says:\n{words}")
    if still := [program for program in packages if not _is_there(program)]:
        raise MissingError(f"installed {' '.join(wanted_packages)}, but still not there: {', '.join(still)}")
    return wanted_packages


def _is_there(name: str) -> bool:
    return Path(name).exists() if "/" in name else shutil.which(name) is not None


def _apt_get(step: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(["apt-get", "-q", *step], check=False, capture_output=True, text=True, env=environment)


@contextlib.contextmanager
def installing() -> Iterator[None]:
    """Wait until no other process of this project installs: of two apt-get at once, one fails."""
    folder = os.open(STATE, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def say(name: str, packages: Mapping[str, str]) -> None:
    """Install as `install` does, and print what was done; end with a sentence where that cannot be."""
    try:
        installed = install(packages)
    except MissingError as error:
        sys.exit(f"{name}: {error}")
    print(f"{name}: installed {', '.join(installed)}" if installed else f"{name}: there already")
