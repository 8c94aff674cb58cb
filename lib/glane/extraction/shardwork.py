"""One shard in work: collects the results of its rows until it can be committed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from glane.extraction.kept import KeptRows
from glane.extraction.records import record_table
from glane.task.arrow import Column
from glane.types import Extraction, Status

if TYPE_CHECKING:
    from glane.extraction.task_in_work import TaskInWork


@dataclass(slots=True, kw_only=True)
class ShardWork:
    """The rows of one shard and their results so far. After it is made, only the committing thread may use it."""

    task: TaskInWork
    index: int
    kept: pa.Table
    digests: Sequence[bytes | None]  # of what each row says; None where nothing is asked
    known: KeptRows | None = None  # values of an earlier run; None where none is extended
    started: float = field(default_factory=time.time)
    extractions: list[Extraction | None] = field(init=False)
    num_missing: int = field(init=False)
    beside: Sequence[ShardWork] = field(init=False)  # of all tasks, this one included, in the order of their commits

    def __post_init__(self) -> None:
        self.beside = [self]
        self.num_missing = self.kept.num_rows
        self.extractions = [None] * self.kept.num_rows

    def judge(self, row: int, extraction: Extraction) -> bool:
        """Set the result of one row. Return whether all rows have results now."""
        assert self.extractions[row] is None, f"row {row} of shard {self.index} is judged twice"
        self.extractions[row] = extraction if self.known is None else self.known.joined(row, extraction)
        self.num_missing -= 1
        return self.num_missing == 0

    @property
    def is_whole(self) -> bool:
        """Whether all rows have results, in the work of the other tasks, too."""
        return all(one.num_missing == 0 for one in self.beside)

    def is_judged(self, row: int) -> bool:
        """Whether the row has its result."""
        return self.extractions[row] is not None

    def table(self, columns: Sequence[Column]) -> pa.Table:
        """The table of the shard. Only if all rows have results."""
        rows = [row for row in self.extractions if row is not None]
        return record_table(self.kept, rows, self.digests, columns, known=self.known)

    def counts(self) -> dict[str, int]:
        """The number of rows by status."""
        found = dict.fromkeys(Status, 0)
        for row in self.extractions:
            if row is not None:
                found[row.status] += 1
        return {str(status): count for status, count in found.items() if count}


def commit_together(works: Sequence[ShardWork]) -> None:
    """Have the works of several tasks on one shard be committed one after the other once all are done.

    The first is the last: the claim is on its shard, which counts as open until its part is there. So whoever takes the
    shard over after a crash finds all of it open that is not committed.
    """
    for work in works:
        work.beside = [*works[1:], works[0]]
