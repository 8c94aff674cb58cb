"""The end of a job's time: when it is near, and how long shards in work may still take."""

from __future__ import annotations

import time
from collections.abc import Callable

from glane.cluster.scheduler import Allocation, Scheduler

_SHARE = 0.7  # of the time that is left, for shards in work; the rest is for ending, and for being put back
_FAR_S = 3600.0  # an end that is farther away than that is not what a warning was about, but preemption


def patience_s(left_s: float | None, warning_s: float) -> float:
    """How long shards in work may still take after the scheduler's warning, in seconds.

    The warning comes when it was asked for: `cluster.warning_s`, or sbatch's own --signal. What is left of the time
    limit says which.

    Args:
        left_s: Of the time limit; None if unknown.
        warning_s: What the settings say.
    """
    is_known = left_s is not None and 0 < left_s <= _FAR_S
    return _SHARE * (left_s if is_known and left_s is not None else warning_s)


class TimeLimit:
    """The time limit of a job, which may be changed while it runs."""

    def __init__(
        self,
        allocation: Allocation,
        scheduler: Scheduler,
        *,
        warning_s: float,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._job_id, self._is_interactive = allocation.job_id, allocation.is_interactive
        self._ends_at, self._warning_s = allocation.ends_at, warning_s
        self._scheduler, self._clock = scheduler, clock

    def is_near(self) -> bool:
        """Whether an interactive job is about to end: nobody warns it.

        The scheduler is asked only once the end is near by what was known at the start.
        """
        if not self._is_interactive or self._ends_at is None or self._ends_at - self._clock() > self._warning_s:
            return False
        left_s = self._scheduler.seconds_left(self._job_id)
        if left_s is not None:
            self._ends_at = self._clock() + left_s
        return left_s is None or left_s <= self._warning_s

    def patience_s(self) -> float:
        """How long shards in work may take from now on; see the function of that name."""
        left_s = self._scheduler.seconds_left(self._job_id)
        if left_s is None and self._ends_at is not None:
            left_s = self._ends_at - self._clock()
        return patience_s(left_s, self._warning_s)
