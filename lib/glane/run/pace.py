"""How seldom a driver looks at the files of its run: the more jobs work on a run, the more seldom each of them.

A look reads the heartbeat of every worker. If each of N jobs looked as often as one alone, what they ask of a shared
file system would grow with the square of N. What must be known soon is not learned by looks: that workers end or hang,
their own driver hears from them, and a shard of a worker that is gone is taken over by who claims next.
"""

from __future__ import annotations

import math
import time

LONGEST_S = 60.0
"""Nobody who follows a log or a metric waits longer for a new figure because of other jobs, in seconds."""
_PAUSE_FACTOR = 20  # of the time that a look takes: 100,000 parts on a slow file system take seconds to list


class Pace:
    """When to look again: after `every_s` seconds alone, and more seldom as there are more jobs."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._next = 0.0

    @property
    def is_due(self) -> bool:
        """Whether it is time to look."""
        return time.monotonic() >= self._next

    def looked(self, *, began: float, num_jobs: int) -> None:
        """Tell of a look, by `time.monotonic()` when it began, and how many jobs were seen at work."""
        now = time.monotonic()
        shared_s = min(self._every_s * math.sqrt(max(1, num_jobs)), max(self._every_s, LONGEST_S))
        self._next = began + max(shared_s, (_PAUSE_FACTOR + 1) * (now - began))
