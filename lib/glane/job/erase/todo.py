"""All that has to be done to erase some documents."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from glane.errors import RunError
from glane.job.erase.apart import Apart
from glane.job.erase.data import DataFile
from glane.job.erase.ids import digest_of_ids
from glane.job.erase.made import Step
from glane.job.erase.pieces import Sought
from glane.job.erase.rows import RunRows
from glane.job.erase.walk import Place
from glane.run.change import change_under_way

COMMAND = "glane erase"


@dataclass(frozen=True, kw_only=True)
class Todo:
    """All that has to be done."""

    ids: frozenset[str]
    place: Place
    related: tuple[RunRows, ...]  # all that hang together with the runs that were named
    runs: tuple[RunRows, ...]  # that hold rows of them, or read a data set that does
    steps: tuple[Step, ...]  # with what was made of them
    data: tuple[DataFile, ...]
    theirs: tuple[Path, ...]  # input files that glane did not make, and that hold them
    sought: Sought
    apart: Apart
    unrelated: Mapping[Path, int | None]  # runs on other files, with how many of their rows have such ids, if known

    @property
    def is_empty(self) -> bool:
        """Whether nothing is left to do."""
        does = [one for one in self.steps if one.does != "figures"]
        return not (does or self.data or any(one.num_rows or is_under_way(one, self.ids) for one in self.runs))

    @property
    def documents(self) -> frozenset[str]:
        """The ids of the documents: those that were asked for, and those of documents in groups."""
        return self.ids.union(*(one.documents for one in self.runs))


def is_under_way(rows: RunRows, ids: Collection[str]) -> bool:
    """Whether this very erasure was begun in a run, and has not ended."""
    change = change_under_way(rows.directory)
    return change is not None and (change.command, change.of) == (COMMAND, digest_of_ids(ids, rows.directory))


@contextlib.contextmanager
def told_how_to_go_on(todo: Todo) -> Iterator[None]:
    """Have an error say that the erasure goes on, where it was begun.

    Raises:
        RunError: in place of one of glane's, or of the file system.
    """
    try:
        yield
    except (RunError, OSError) as error:
        told = f"{error.filename}: {error.strerror}." if isinstance(error, OSError) else str(error)
        begun = [one.directory.root for one in todo.runs if is_under_way(one, todo.ids)]
        if not begun:
            raise RunError(told) from None
        raise RunError(
            f"{told} The erasure has begun and is not finished: {begun[0]} cannot be opened until then. Once this is "
            "mended, the same command goes on."
        ) from None
