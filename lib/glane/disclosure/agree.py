"""Parts of a table that agree with its rows, and as well as they can with what earlier tables told."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack, vstack

from glane.errors import ConfigError

Floats = NDArray[np.float64]
_SECONDS = 60.0


def agreeing(exact: csr_array, values: Floats, earlier: csr_array, told: Floats) -> Floats:
    """Parts, none below 0, whose sums are `values`; they differ from what was told earlier by as little as can be.

    Counts of earlier tables change when reports come late. Each is taken for what it would be today, as today's counts
    say or let expect.

    Args:
        exact: The parts of the rows of today's table, (rows, parts).
        values: Of these.
        earlier: The parts of the rows of earlier tables, (earlier rows, parts).
        told: Of these.

    Raises:
        ConfigError: if no parts have these sums, or none are found in time.
    """
    num, parts = earlier.shape
    off = eye_array(num, format="csr")
    equal = vstack([hstack([exact, csr_array((exact.shape[0], 2 * num))]), hstack([earlier, off, -off])], format="csr")
    done = linprog(
        np.concatenate([np.zeros(parts), np.ones(2 * num)]), A_eq=equal, b_eq=np.concatenate([values, told]),
        bounds=(0, None), method="highs", options={"time_limit": _SECONDS},
    )  # fmt: skip
    if done.x is None:
        raise ConfigError(
            "table.disclosure: the counts of the table and those of its register could not be brought together "
            f"({done.message.split('(')[0].strip()}). Choose fewer keys, or another register."
        )
    found: Floats = done.x[:parts]
    whole = np.round(found)
    return whole if np.abs(found - whole).max(initial=0.0) < 1e-6 else found


def is_whole(parts: Floats) -> bool:
    """Whether all parts are whole numbers."""
    return bool((parts == np.round(parts)).all())
