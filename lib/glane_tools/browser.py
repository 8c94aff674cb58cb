"""Installs Debian's Chromium and its driver, for tests of the review page: `python3 lib/glane_tools/browser.py`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

PACKAGES = {"chromium": "chromium", "chromedriver": "chromium-driver"}  # a program, and the package that brings it


class MissingError(Exception):
    """There is no browser, and none can be installed."""


def install() -> list[str]:
    """Install what is missing, and return the names of those packages.

    Raises:
        MissingError: if something is missing and cannot be installed.
    """
    missing = [program for program in PACKAGES if shutil.which(program) is None]
    if not missing:
        return []
    packages = [PACKAGES[program] for program in missing]
    wanted = f"not installed: {', '.join(missing)}"
    if os.geteuid() != 0:
        raise MissingError(f"{wanted}; root can: apt-get install {' '.join(packages)}")
    if shutil.which("apt-get") is None:
        raise MissingError(f"{wanted}; this machine has no apt-get to install them with")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        done = subprocess.run(["apt-get", "-q", *step], check=False, capture_output=True, text=True, env=environment)
        if done.returncode != 0:
            words = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
            raise MissingError(f"{wanted}; apt-get {step[0]} failed. It says:\n{words}")
    if still := [program for program in PACKAGES if shutil.which(program) is None]:
        raise MissingError(f"installed {' '.join(packages)}, but still not there: {', '.join(still)}")
    return packages


if __name__ == "__main__":
    try:
        installed = install()
    except MissingError as error:
        sys.exit(f"browser: {error}")
    print(f"browser: installed {', '.join(installed)}" if installed else "browser: there already")
