"""The protocol between a durable run and the work that is done in it.

The run provides the shards: each is claimed by one worker at a time, committed once, and published with the others. It
provides workers in several processes and jobs, which may be killed and started again at any moment. It provides
progress, status, energy and summary.

The work provides the rows, what is done with a shard, and the columns of the result. One of them is `status`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from glane.corpus.find import Found
from glane.corpus.plan import Plan
from glane.run.description import RunDescription
from glane.run.directory import RunDirectory
from glane.run.session import Session
from glane.run.summary import Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A run before it is written: its description, and a function that makes its plan, if it has none yet.

    `found` is where the input was looked for, if it is files. `notes` are lines to tell at the start. `beside` writes
    what the work keeps beside the plan, unless that is there, and returns more of such lines.
    """

    description: RunDescription
    plan: Callable[[], Plan]
    found: Found | None = None
    notes: tuple[str, ...] = ()
    beside: Callable[[RunDirectory, Plan], tuple[str, ...]] | None = None


class Work(Protocol):
    """One kind of work with its settings. It is pickled for every worker: small, and without text of documents."""

    @property
    def label(self) -> str:
        """A name for messages about a worker that does not start, for example "model 'demo'"."""
        ...

    @property
    def start_hint(self) -> str:
        """A sentence that says what to check when workers die while they start."""
        ...

    def draft(self, known: RunDescription | None) -> Draft:
        """Check the input and describe the run. `known` is the description of a run that was begun before.

        Raises:
            GlaneError: for what a user can correct.
        """
        ...

    def work(self, session: Session) -> None:
        """Work in this process until no shard is left to do, or the session says to stop.

        Raises:
            WorkerDied: if this process cannot go on, and a new one could.
            GlaneError: for what a user can correct.
        """
        ...

    def summarise(self, summary: Summary, records: Sequence[Path]) -> Summary:
        """Return `summary` with the counts that this kind of work adds. `records` are the published files."""
        ...
