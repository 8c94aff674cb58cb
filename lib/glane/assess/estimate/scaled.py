"""Counts of groups scaled so that they add up to a count that is known, with no more in a group than it can hold."""

from __future__ import annotations

import numpy as np

from glane.assess.estimate.groups import Floats

_ROUNDS = 20


def scaled(counts: Floats, most: Floats, wanted: Floats) -> Floats:
    """Counts scaled so that each row has the sum `wanted`, none above `most`.

    Where groups with a count cannot hold the sum, what is left goes to all by the room that they have: left out, it
    would make the sum smaller, and the more so the smaller the groups are.

    Args:
        counts: (rows, groups), none below 0.
        most: (groups,).
        wanted: (rows,); cut to what the groups can hold.
    """
    wanted = np.clip(wanted, 0, most.sum())
    for _ in range(_ROUNDS):
        sums = counts.sum(axis=1)
        if np.allclose(sums, wanted, rtol=1e-9, atol=1e-9):
            return counts
        factor = np.divide(wanted, sums, out=np.zeros_like(sums), where=sums > 0)
        counts = np.minimum(counts * factor[:, None], most)
    return filled(counts, most, wanted)


def filled(counts: Floats, most: Floats, wanted: Floats) -> Floats:
    """Counts with what they lack to the sum `wanted` added by the room below `most`; arguments as of `scaled`."""
    lacking, room = np.maximum(wanted - counts.sum(axis=1), 0), most - counts
    rooms = room.sum(axis=1)
    share = np.divide(lacking, rooms, out=np.zeros_like(rooms), where=rooms > 0)
    found: Floats = counts + np.minimum(share, 1)[:, None] * room
    return found
