"""Finds workers that hang, and kills them: one that hangs cannot end itself."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Any

from glane.cluster.slot import Slot
from glane.host import host_identity
from glane.run.heartbeat import Heartbeat

_ASK_ACTOR_S = 5.0


class Hangs:
    """The watch over a driver's workers."""

    def __init__(self, ray: Any, *, start_within_s: float, step_within_s: float) -> None:
        """A worker is killed that is not ready after `start_within_s`, or makes no step for `step_within_s`."""
        self._ray, self._start_within_s, self._step_within_s = ray, start_within_s, step_within_s

    def look(self, slot: Slot, beat: Heartbeat | None) -> None:
        """Kill a worker that makes no step, or does not become ready, by its last heartbeat.

        Time in which this process was suspended does not count, nor does that of a worker that is suspended.
        """
        if slot.killed_because:
            return
        if beat is None or beat.state == "starting":
            limit, why = self._start_within_s, "not ready after"
            silent_s = slot.silence.lasts(None)
        else:
            limit, why = self._step_within_s, "no step for"
            silent_s = slot.silence.lasts(_sign_of_life(beat))
            if beat.state == "ended":
                return
        if silent_s <= limit:
            return
        if beat is not None and self._is_suspended(slot, beat):
            slot.silence.excuse()
        else:
            self._kill(slot, beat, f"{why} {limit:.0f} s")

    def _is_suspended(self, slot: Slot, beat: Heartbeat) -> bool:
        """Whether a worker's process is stopped, as its actor sees it: that runs on the same node."""
        with contextlib.suppress(Exception):  # the actor is suspended, too, or gone
            return bool(self._ray.get(slot.actor.is_suspended.remote(beat.pid), timeout=_ASK_ACTOR_S))
        return False

    def _kill(self, slot: Slot, beat: Heartbeat | None, why: str) -> None:
        slot.killed_because = why
        self._ray.kill(slot.actor)
        if beat is not None and beat.identity == host_identity():  # in case the process does not react to Ray
            with contextlib.suppress(ProcessLookupError):
                os.kill(beat.pid, signal.SIGKILL)


def _sign_of_life(beat: Heartbeat) -> tuple[str, float]:
    """What changes as long as a worker goes on: its steps while it has work, else its heartbeats."""
    return ("step", beat.progress.steps) if beat.progress.is_busy else ("beat", beat.time)
