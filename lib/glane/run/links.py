"""The link from what was made of a run back to it: by its random id, which stays when its directory is moved."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from pydantic import Field as Key

from glane.errors import GlaneError, RunError
from glane.run.directory import RunDirectory
from glane.validation import Strict


class RunLink(Strict):
    """A run that something was made of: its id, and the absolute path where it was."""

    id: str
    path: str
    # What was erased of it when its rows were going to be read; not kept with what is made of it.
    erased_then: str | None = Key(default=None, exclude=True)


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
            path = str(directory.root.absolute())
            found.append(RunLink(id=directory.identity(), path=path, erased_then=directory.erased_then))
    return tuple(found)


def refuse_erased_since(links: Iterable[RunLink]) -> None:
    """Refuse to write what is made of runs of which documents were erased since their rows were read.

    Raises:
        RunError: what was made of them may hold these.
    """
    for link in links:
        is_there = link.erased_then is not None and run_at(link.path) == link.id
        if is_there and RunDirectory(root=Path(link.path)).erasures() != link.erased_then:
            raise RunError(
                f"{link.path}: documents were erased of this run since it was read here. What is made of it now, and "
                "what was written already, may hold them: run the same command again, in Python from opening the run."
            )


def as_written(links: Iterable[RunLink]) -> tuple[RunLink, ...]:
    """The links as they are kept beside what was made of the runs; raises as `refuse_erased_since`."""
    found = tuple(links)
    refuse_erased_since(found)
    return tuple(RunLink(id=link.id, path=link.path) for link in found)
