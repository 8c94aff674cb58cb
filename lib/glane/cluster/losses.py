"""Whether a worker ended because a node was lost: what was in its engine is then not to blame."""

from __future__ import annotations

import time
from typing import Any

from glane.cluster.ray_nodes import alive_nodes
from glane.cluster.slot import Slot

_POLL_S = 0.5
_NODE_STATE_S = 30.0  # Ray declares a node lost within seconds; the end of an actor alone does not show what happened
_LOST_NODE_S = 15.0  # in which Ray learns that a node is gone


def is_lost(ray: Any, slot: Slot, error: Exception) -> bool:
    """Whether an actor ended because its node was lost. Its prompts are then not suspects."""
    if slot.killed_because:
        return False
    deadline = time.monotonic() + _NODE_STATE_S
    while type(error).__name__ == "ActorUnavailableError" and time.monotonic() < deadline:
        # Ray does not know yet what happened. Any call of the actor raises an error that says so, once it does.
        try:
            ray.get(slot.actor.stop.remote(), timeout=_POLL_S)
        except Exception as latest:
            error = latest if type(latest).__name__ != "GetTimeoutError" else error
        else:
            return False  # the actor lives, but the result of its work is lost
        time.sleep(0.1)
    return "node has died" in str(error) or type(error).__name__ == "ActorUnschedulableError"


def has_lost_node(ray: Any, slot: Slot) -> bool:
    """Whether an engine over several nodes ended because one of them was lost. Its prompts are no suspects then."""
    deadline = time.monotonic() + _LOST_NODE_S
    while len(slot.place.nodes) > 1:
        if not {node.node_id for node in alive_nodes(ray)}.issuperset(slot.place.nodes):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return False
