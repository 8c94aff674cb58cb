"""The signs of life of workers, asked of their actors: the file system is looked at only where an actor is deaf."""

from __future__ import annotations

import contextlib
import pickle
from collections.abc import Callable, Sequence
from typing import Any

from glane.cluster.slot import Slot
from glane.run.heartbeat import Heartbeat

_ASK_EVERY_S = 0.5
_MOST_CALLS_PER_S = 128  # of one driver
DEAF_S = 15.0  # an actor that has not answered for longer may be suspended, or still be starting


class Signs:
    """The last sign of life of each worker. Never waits for an actor: at most one call of each is under way."""

    def __init__(self, ray: Any, *, read: Callable[[str], Heartbeat | None], clock: Callable[[], float]) -> None:
        """`read` reads the heartbeat file of a worker, and `clock` tells seconds."""
        self._ray, self._read, self._clock = ray, read, clock

    def ask(self, slots: Sequence[Slot]) -> None:
        """Ask the actors whose turn it is, and note what others have answered since."""
        now = self._clock()
        every_s = max(_ASK_EVERY_S, len(slots) / _MOST_CALLS_PER_S)
        for slot in slots:
            if slot.asked is None and now - slot.asked_at >= every_s:
                slot.asked, slot.asked_at = slot.actor.sign.remote(), now
        asked = [slot for slot in slots if slot.asked is not None]
        if not asked:
            return
        ready, _ = self._ray.wait([slot.asked for slot in asked], num_returns=len(asked), timeout=0)
        for slot in asked:
            if slot.asked in ready:
                self._hear(slot, now)

    def _hear(self, slot: Slot, now: float) -> None:
        answer, slot.asked = slot.asked, None
        with contextlib.suppress(Exception):  # the actor is gone: how its work ended will say so
            found = self._ray.get(answer)
            slot.heard_at = now
            if found is not None:
                slot.heard = pickle.loads(found)

    def of(self, slot: Slot) -> Heartbeat | None:
        """The last sign of a worker; None if it has given none yet."""
        now = self._clock()
        if now - slot.heard_at <= DEAF_S:
            return slot.heard
        if now - slot.read_at >= _ASK_EVERY_S:
            slot.read, slot.read_at = self._read(slot.spec.worker), now
        return slot.read
