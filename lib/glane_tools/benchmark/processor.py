"""Processor time of all that a command starts, by looking: what Ray's processes used is told to no parent of theirs."""

from __future__ import annotations

import contextlib
import threading
import time
from bisect import bisect_right
from dataclasses import dataclass
from types import TracebackType

import psutil

_EVERY_S = 0.5  # what a process used after the last look is not known
_OF_GUARD = "glane.guard.hold"  # in the command of each process that answers for the guard


@dataclass(frozen=True, slots=True)
class _Look:
    """Seconds of a core that all processes so far have used, and of these those of the guard's, at a time."""

    time_s: float
    used_s: float
    guard_s: float


class Processor:
    """Looks at this process's descendants while the block lasts."""

    def __init__(self) -> None:
        self._known: dict[psutil.Process, tuple[float, bool]] = {}  # seconds of a core, and whether it is the guard's
        self._looks: list[_Look] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    def __enter__(self) -> Processor:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def used_s(self) -> float | None:
        """Seconds of a core in all; None if nothing was seen."""
        return self._looks[-1].used_s if self._looks else None

    def guard_s(self) -> float | None:
        """Of these, what the guard's own processes used."""
        return self._looks[-1].guard_s if self._looks else None

    def between_s(self, start: float, end: float) -> tuple[float, float] | None:
        """Seconds of a core between two times (seconds since the epoch), of all and of the guard's processes.

        What was used between two looks is taken as spread evenly. None if there were not two looks.
        """
        first, last = (bisect_right(self._looks, time_s, key=lambda look: look.time_s) - 1 for time_s in (start, end))
        if first < 0 or last <= first:
            return None
        one, other = self._looks[first], self._looks[last]
        share = (end - start) / (other.time_s - one.time_s)
        return share * (other.used_s - one.used_s), share * (other.guard_s - one.guard_s)

    def _look_on(self) -> None:
        while not self._is_over.is_set():
            self._look()
            self._is_over.wait(_EVERY_S)

    def _look(self) -> None:
        with contextlib.suppress(psutil.Error):
            for process in psutil.Process().children(recursive=True):
                self._known.setdefault(process, (0.0, False))
        for process in self._known:  # also those whose parent has ended
            with contextlib.suppress(psutil.Error):
                times, command = process.cpu_times(), process.cmdline()
                self._known[process] = times.user + times.system, any(_OF_GUARD in word for word in command)
        used = self._known.values()
        guard_s = sum(seconds for seconds, is_guard in used if is_guard)
        self._looks.append(_Look(time.time(), sum(seconds for seconds, _ in used), guard_s))
