"""Installs Debian's R, for tests of exports: `python3 lib/glane_tools/r_base.py`."""

from __future__ import annotations

import debian
from debian import MissingError

__all__ = ["MissingError", "install"]
PACKAGES = {"Rscript": "r-base-core"}  # a program, and the package that brings it


def install() -> list[str]:
    """Install what is missing; raises as `debian.install` does."""
    return debian.install(PACKAGES)


if __name__ == "__main__":
    debian.say("R", PACKAGES)
