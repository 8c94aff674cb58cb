"""The link from what was made of a run back to it: by its random id, which stays when its directory is moved."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from glane.errors import RunError
from glane.run.directory import RunDirectory
from glane.validation import Strict


class RunLink(Strict):
    """A run that something was made of: its id, and the absolute path where it was."""

    id: str
    path: str


def links_to(directories: Iterable[RunDirectory]) -> tuple[RunLink, ...]:
    """The links to runs; one without the mark of glane has none."""
    found = []
    for directory in directories:
        with contextlib.suppress(RunError):
            found.append(RunLink(id=directory.identity(), path=str(directory.root.absolute())))
    return tuple(found)
