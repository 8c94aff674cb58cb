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
from scipy.sparse import csr_array, eye_array, hstack, vstack

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
        change = search.change(targets[[target]], price, width)
        if change is None:  # other tables tell it already
            continue
        suppressed |= (np.abs(rows @ change) > _CLOSE) & ~is_open
        reached = np.maximum(reached, np.abs(targets @ change))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """Changes of the parts that leave some rows as they are."""

    rows: csr_array
    locked: csr_array
    parts: Floats

    def change(self, target: csr_array, price: Floats, width: float) -> Floats | None:
        """The cheapest change that moves the target by `width`; None if there is none.

        A row changes by no more than what is paid for; none is paid for where the price is 0.
        """
        dear = np.flatnonzero(price > 0)
        rows, num, paid = self.rows[dear], len(self.parts), eye_array(len(dear), format="csr")
        above = vstack([hstack([rows, -paid]), hstack([-rows, -paid])], format="csr")
        equal = vstack([self.locked, target], format="csr")
        most = float(self.parts.sum()) + 2 * width
        bounds = np.concatenate(
            [
                np.column_stack([-self.parts, np.full(num, most)]),
                np.column_stack([np.zeros(len(dear)), np.full(len(dear), np.inf)]),
            ]
        )
        done = linprog(
            np.concatenate([np.zeros(num), price[dear]]), A_ub=above, b_ub=np.zeros(2 * len(dear)),
            A_eq=hstack([equal, csr_array((equal.shape[0], len(dear)))], format="csr"),
            b_eq=np.append(np.zeros(self.locked.shape[0]), width), bounds=bounds, method="highs",
            options={"time_limit": _SECONDS},
        )  # fmt: skip
        return None if done.x is None else done.x[:num]


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
