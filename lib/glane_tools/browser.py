"""Installs Debian's Chromium and its driver, for tests of the review page: `python3 lib/glane_tools/browser.py`."""

from __future__ import annotations

import debian
from debian import MissingError

__all__ = ["MissingError", "install"]
PACKAGES = {"chromium": "chromium", "chromedriver": "chromium-driver"}  # a program, and the package that brings it


def install() -> list[str]:
    """Install what is missing; raises as `debian.install` does."""
    return debian.install(PACKAGES)


if __name__ == "__main__":
    debian.say("browser", PACKAGES)
