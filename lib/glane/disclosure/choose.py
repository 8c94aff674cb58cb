"""Which further rows must be suppressed, so that the suppressed ones cannot be found out by subtraction.

For each sensitive count, another table is looked for in which it is higher by the protection required, and which
differs from the true one in as few told rows as can be: a linear program over changes of the parts, whose cost is that
of the rows that change. These rows are suppressed; then both tables agree with all that is told. At the end, what is
not needed after all is told again. It is the linear relaxation of the cell suppression problem (Kelly, Golden and
Assad, Networks 1992; Fischetti and Salazar, J. Am. Stat. Assoc. 2000), solved one sensitive count at a time: not the
least that could be suppressed, but near it in small tables (`tests/simulations/disclosure.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import block_diag, csr_array, eye_array, hstack, vstack

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_CLOSE = 1e-6
_SECONDS = 60.0
_AGAIN = 12
_TRIED = 40_000  # rows of a table, times how many of them are tried to be told again


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A count of which all rows are told or suppressed together with those of the other measures."""

    parts: Floats  # (parts,): the true counts, or what agrees with all that is known of them
    targets: csr_array  # the sensitive rows, and those of other tables that must stay hidden, (targets, parts)
    seen: Callable[[Flags], Floats]  # how wide the interval of each target is at least, by what is suppressed


def chosen(
    rows: csr_array,
    measures: Sequence[Measure],
    *,
    told_before: csr_array,
    is_open: Flags,
    primary: Flags,
    cost: Floats,
    width: float,
    holds: Callable[[Flags], bool],
) -> Flags:
    """The rows to suppress, sensitive ones among them.

    Args:
        rows: The parts of each row of the table.
        measures: What is told of each row.
        told_before: The parts of rows that other tables told: they cannot change.
        is_open: Rows of this table that cannot be suppressed: others told them, or nobody is in them.
        primary: Rows that are suppressed in any case.
        cost: Of suppressing each row, above 0.
        width: The protection required.
        holds: Whether all sensitive counts are protected by suppressed rows; asked to tell some of them again.
    """
    suppressed = primary.copy()
    locked = vstack([told_before, rows[np.flatnonzero(is_open)]], format="csr")
    for one in measures:
        _protect(rows, one, suppressed, locked=locked, is_open=is_open, cost=cost, width=width)
    return _told_again(suppressed, primary, cost, holds)


def _protect(
    rows: csr_array, measure: Measure, suppressed: Flags, *, locked: csr_array, is_open: Flags, cost: Floats,
    width: float,
) -> None:  # fmt: skip
    """Suppress what one measure needs; `suppressed` grows."""
    targets = measure.targets
    if not targets.shape[0]:
        return
    search = _Search(rows=rows, locked=locked, parts=measure.parts)
    reached, num = measure.seen(suppressed), 0
    for target in np.argsort(np.diff(targets.indptr), kind="stable"):
        if reached[target] >= width - _CLOSE:
            continue
        num += 1
        if num % _AGAIN == 0:  # what was suppressed for others may do for the rest
            reached = np.maximum(reached, measure.seen(suppressed))
        price = np.where(suppressed | is_open, 0.0, cost)
        found = search.changes(targets[[target]], price, width)
        if found is None:  # other tables tell it already
            continue
        suppressed |= (np.abs(rows @ found.T) > _CLOSE).any(axis=1) & ~is_open
        moved = targets @ found.T
        reached = np.maximum(reached, moved.max(axis=1, initial=0.0) - moved.min(axis=1, initial=0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """Changes of the parts that leave some rows as they are."""

    rows: csr_array
    locked: csr_array
    parts: Floats

    def changes(self, target: csr_array, price: Floats, width: float) -> Floats | None:
        """The cheapest changes that move the target by `width`: up, or some up and some down; None if there are none.

        A row changes by no more than what is paid for; none is paid for where the price is 0.
        """
        up = self._changes(target, price, width, (1.0,))
        return up if up is not None else self._changes(target, price, width, (1.0, -1.0))

    def _changes(self, target: csr_array, price: Floats, width: float, ways: tuple[float, ...]) -> Floats | None:
        dear, num, each = np.flatnonzero(price > 0), len(ways), len(self.parts)
        paid = eye_array(len(dear), format="csr")
        rows = block_diag([self.rows[dear]] * num, format="csr")
        above = vstack([hstack([sign * rows, -vstack([paid] * num)]) for sign in (1, -1)], format="csr")
        move = hstack([way * target for way in ways] + [csr_array((1, len(dear)))])
        locked = block_diag([self.locked] * num, format="csr")
        equal = vstack([hstack([locked, csr_array((locked.shape[0], len(dear)))]), move], format="csr")
        # What goes up goes up only, and what goes down down.
        signs = hstack([block_diag([-way * target for way in ways]), csr_array((num, len(dear)))])
        most = float(self.parts.sum()) + 2 * width
        low, high = np.concatenate([np.tile(-self.parts, num), np.zeros(len(dear))]), np.full(num * each, most)
        done = linprog(
            np.concatenate([np.zeros(num * each), price[dear]]),
            A_ub=vstack([above, signs], format="csr"), b_ub=np.zeros(above.shape[0] + num),
            A_eq=equal, b_eq=np.append(np.zeros(locked.shape[0]), width),
            bounds=np.column_stack([low, np.concatenate([high, np.full(len(dear), np.inf)])]),
            method="highs", options={"time_limit": _SECONDS},
        )  # fmt: skip
        return None if done.x is None else done.x[: num * each].reshape(num, each)


def _told_again(suppressed: Flags, primary: Flags, cost: Floats, holds: Callable[[Flags], bool]) -> Flags:
    """Without what is not needed, the dearest first."""
    more = np.flatnonzero(suppressed & ~primary)
    found = suppressed.copy()
    if not holds(found):
        return found
    for row in more[np.argsort(-cost[more], kind="stable")][: _TRIED // len(cost)]:
        found[row] = False
        found[row] = not holds(found)
    return found
