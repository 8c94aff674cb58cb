"""What a durable run asks of the work that is done in it.

A run brings: shards claimed by one worker at a time, committed once and published whole; workers in several processes
and jobs, killed and started again at any moment; progress, status, energy and summary. The work brings: which rows
there are, what is done with a shard, and the columns that come of it. Every row of a result has a `status` column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from glane.corpus.plan import Plan
from glane.run.description import RunDescription
from glane.run.session import Session
from glane.run.summary import Summary


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A run as it would be: its description, and how its plan is made where it has none yet."""

    description: RunDescription
    plan: Callable[[], Plan]


class Work(Protocol):
    """One kind of work with its settings. It is pickled to every worker: small, and without text of documents."""

    @property
    def label(self) -> str:
        """What a message about a worker that does not start names, as "model 'demo'"."""
        ...

    def draft(self, known: RunDescription | None) -> Draft:
        """Check the input and describe the run. `known` is its description where it was begun before.

        Raises:
            GlaneError: for what a user can mend.
        """
        ...

    def work(self, session: Session) -> None:
        """Work in this process until nothing of the run is left to do, or the session is to stop.

        Raises:
            WorkerDied: if this process cannot go on, and a new one could.
            GlaneError: for what a user can mend.
        """
        ...

    def summarise(self, summary: Summary, records: Sequence[Path]) -> Summary:
        """Add to the counts of the published `records` what this kind of work counts besides."""
        ...
