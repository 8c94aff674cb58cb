"""The watch over a worker: how long it has shown no sign of life, by time in which the watcher itself was awake."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable

_LONGEST_TICK_S = 1.0  # the watcher looks twice a second: what is longer, it was suspended or busy


class AwakeClock:
    """A clock in seconds that hardly advances while its process, or its machine, is suspended. Ask it often."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._last, self._awake_s = clock, clock(), 0.0

    def __call__(self) -> float:
        """The time in seconds since the first call, without suspension."""
        now = self._clock()
        self._awake_s += min(now - self._last, _LONGEST_TICK_S)
        self._last = now
        return self._awake_s


class Silence:
    """For how long something has not changed. Clocks of other nodes are not needed for that."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._since = clock, clock()
        self._sign: Hashable = None

    def lasts(self, sign: Hashable) -> float:
        """Seconds since the sign, which is what it is now, was another one."""
        if sign != self._sign:
            self._sign, self._since = sign, self._clock()
        return self._clock() - self._since

    def excuse(self) -> None:
        """Begin to count anew."""
        self._since = self._clock()
