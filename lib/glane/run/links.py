"""The link from what was made of a run back to it: by its random id, which stays when its directory is moved."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from glane.errors import GlaneError, RunError
from glane.run.directory import RunDirectory
from glane.validation import Strict


class RunLink(Strict):
    """A run that something was made of: its id, and the absolute path where it was."""

    id: str
    path: str


def run_at(path: str | None) -> str | None:
    """The id of the run that is at a path; None if there is none now."""
    if path:
        with contextlib.suppress(GlaneError, OSError, ValueError):
            return RunDirectory(root=Path(path).absolute()).identity()
    return None


def links_to(directories: Iterable[RunDirectory]) -> tuple[RunLink, ...]:
    """The links to runs; one without the mark of glane has none."""
    found = []
    for directory in directories:
        with contextlib.suppress(RunError):
            found.append(RunLink(id=directory.identity(), path=str(directory.root.absolute())))
    return tuple(found)
