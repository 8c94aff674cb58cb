"""Asks a scheduler seldom: its daemons serve a whole cluster, and files say more of a run than the queue does."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from glane.cluster.scheduler import Job

FIRST_S, MOST_S = 2.0, 30.0


class PacedJobs:
    """The state of some jobs, asked at most every `first_s` seconds, and more and more seldom while nothing changes."""

    def __init__(
        self,
        ask: Callable[[Sequence[str]], list[Job]],
        clock: Callable[[], float] = time.monotonic,
        *,
        are_many: bool = False,
        first_s: float = FIRST_S,
    ) -> None:
        """`ask` asks the scheduler. Of many jobs there is always one that changes: they are asked for seldom."""
        self._first_s, self._most_s = first_s, max(first_s, MOST_S)
        self._ask, self._clock, self._are_many = ask, clock, are_many
        self._known: list[Job] = []
        self._names: tuple[str, ...] | None = None
        self._asked_at = 0.0
        self._pause_s = first_s

    def __call__(self, names: Sequence[str], *, now: bool = False) -> list[Job]:
        """The jobs as they were when the scheduler was asked last.

        Args:
            names: Of the jobs. Where they are others than before, the scheduler is asked at once, unless they are many.
            now: Ask unless it was asked within `first_s`: something else says that a job has ended.
        """
        pause_s = self._most_s if self._are_many else self._first_s if now else self._pause_s
        are_same = tuple(names) == self._names or (self._are_many and self._names is not None)
        if are_same and self._clock() - self._asked_at < pause_s:
            return self._known
        found = self._ask(names)
        is_same = [(job.name, job.state) for job in found] == [(job.name, job.state) for job in self._known]
        self._pause_s = min(2 * self._pause_s, self._most_s) if is_same else self._first_s
        self._known, self._names, self._asked_at = found, tuple(names), self._clock()
        return found
