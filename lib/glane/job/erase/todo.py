"""All that has to be done to erase some documents."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

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
