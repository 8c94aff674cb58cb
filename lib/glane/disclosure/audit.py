"""What can be found out of suppressed counts: the interval of each, given all that is told (linear programming).

The one who looks knows every count that was told, that rows are sums of parts, and that no part is below 0. Nothing
here knows how suppressions were chosen (`glane.disclosure.choose`), nor the suppressed counts.

Counts are whole numbers. An interval is taken for as wide as required only if two tables of whole numbers were found
that both agree with all that is told, and whose counts differ by that much. Where none are found, the row is exposed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array

from glane.errors import ConfigError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Effort = Literal["look", "search", "exact"]
_CLOSE = 1e-6
_SECONDS = 60.0  # of one search; what is not done by then is no answer
_LOOKS = 8  # at tables in random directions, before each row is searched by itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """Of each target, the least and the most that was found, (targets,)."""

    low: Floats
    high: Floats  # infinite where nothing bounds it

    @property
    def widths(self) -> Floats:
        """How far they are from each other."""
        return self.high - self.low


def intervals(
    equations: csr_array,
    told: Floats,
    targets: csr_array,
    *,
    width: float,
    is_whole: bool = True,
    effort: Effort = "search",
) -> Intervals:
    """The interval of each target.

    Args:
        equations: The parts of each row that was told, (rows, parts); −1 for what a row that was told grew by.
        told: What was told, (rows,).
        targets: The parts of each row that is asked about, (targets, parts).
        width: That is asked for: a wider interval may be wider still than is returned.
        is_whole: Whether parts are whole numbers.
        effort: Search until each is known to be wide enough, or not; or to the ends of each; or only look at some
            tables, so that intervals may be wider than is returned.

    Raises:
        ConfigError: if nothing agrees with what was told, or a search takes too long.
    """
    known = _Known.of(equations, told)
    attack = _Attack(known, targets, width=width, is_whole=is_whole)
    if effort != "exact":
        attack.look()
    for target in range(targets.shape[0]) if effort != "look" else ():
        if effort == "exact" or attack.width(target) < width - _CLOSE:
            attack.search(target, exact=effort == "exact")
    return attack.found()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What follows without a search: parts of a row of 0, and what is alone in its row."""

    values: Floats  # (parts,): not a number where a search is needed
    equations: csr_array  # of those, and of the rows that tell of them
    told: Floats

    @classmethod
    def of(cls, equations: csr_array, told: Floats) -> _Known:
        values = np.full(equations.shape[1], np.nan)
        has_minus = (equations < 0).sum(axis=1) > 0
        while True:
            unknown = np.isnan(values)
            rest = told - equations @ np.where(unknown, 0.0, values)
            num = abs(equations) @ unknown.astype(np.float64)
            zero = (num > 0) & (np.abs(rest) < _CLOSE) & ~has_minus
            alone = (num == 1) & ~zero
            if not zero.any() and not alone.any():
                break
            values[_in(equations, zero) & unknown] = 0.0
            part = csr_array(equations[np.flatnonzero(alone)])
            for row, value in enumerate(rest[alone]):
                at = slice(part.indptr[row], part.indptr[row + 1])
                places, of = part.indices[at], part.data[at]
                is_one = np.isnan(values[places])
                values[places[is_one]] = value / of[is_one]
        return cls(
            values=values, equations=csr_array(equations[np.flatnonzero(num > 0)][:, np.flatnonzero(unknown)]),
            told=rest[num > 0],
        )  # fmt: skip


def _in(equations: csr_array, rows: Flags) -> Flags:
    """The parts in any of some rows."""
    found: Flags = (rows.astype(np.float64) @ equations) > 0
    return found


class _Attack:
    """Tables that agree with what is told, and what they say of the targets."""

    def __init__(self, known: _Known, targets: csr_array, *, width: float, is_whole: bool) -> None:
        unknown = np.isnan(known.values)
        self._known, self._width, self._is_whole = known, width, is_whole
        self._targets = csr_array(targets[:, np.flatnonzero(unknown)])
        self._fixed = targets @ np.where(unknown, 0.0, known.values)
        self._most = float(np.max(known.told, initial=0.0)) + 2 * width  # where nothing bounds a part
        num = targets.shape[0]
        self._low, self._high = np.full(num, np.inf), np.full(num, -np.inf)
        is_fixed = np.diff(self._targets.indptr) == 0
        self._low[is_fixed] = self._high[is_fixed] = 0.0
        bounded = _in(known.equations, ~((known.equations < 0).sum(axis=1) > 0))
        self._is_free = self._targets @ (~bounded).astype(np.float64) > 0

    def width(self, target: int) -> float:
        return float(self._high[target] - self._low[target])

    def found(self) -> Intervals:
        high = np.where(self._is_free, np.inf, self._high)
        return Intervals(low=self._low + self._fixed, high=high + self._fixed)

    def look(self) -> None:
        """Look at some tables: most intervals are known to be wide after that."""
        rng = np.random.default_rng(0)
        num = self._targets.shape[1]
        for _ in range(_LOOKS if num else 0):
            direction = rng.normal(size=num)
            for sign in (1.0, -1.0):
                self._note(self._ends_at(sign * direction))

    def search(self, target: int, *, exact: bool) -> None:
        """Find the ends of an interval, or enough of it."""
        direction = self._targets[[target]].toarray()[0]
        if not direction.any():
            return
        for sign in (-1.0, 1.0):
            self._note(self._ends_at(sign * direction, target=target if self._is_whole else None))
            if not exact and self.width(target) >= self._width - _CLOSE:
                return

    def _note(self, table: Floats | None) -> None:
        if table is None:
            return
        values = self._targets @ table
        self._low, self._high = np.minimum(self._low, values), np.maximum(self._high, values)

    def _ends_at(self, direction: Floats, *, target: int | None = None) -> Floats | None:
        """The table that goes least in a direction; None if it is not of whole numbers."""
        done = linprog(
            direction, A_eq=self._known.equations, b_eq=self._known.told, bounds=(0, self._most), method="highs",
            options={"time_limit": _SECONDS},
        )  # fmt: skip
        if done.x is None:
            raise ConfigError(
                "table.disclosure: what can be found out of the suppressed counts could not be searched "
                f"({done.message.split('(')[0].strip()}). Choose fewer keys or method: cell_key."
            )
        table: Floats = done.x
        if not self._is_whole or np.abs(table - np.round(table)).max(initial=0.0) < _CLOSE:
            return np.round(table) if self._is_whole else table
        return None if target is None else self._whole_ends_at(direction)

    def _whole_ends_at(self, direction: Floats) -> Floats | None:
        rows = LinearConstraint(self._known.equations, self._known.told, self._known.told)
        done = milp(
            direction, constraints=rows, bounds=Bounds(0, self._most), integrality=np.ones(len(direction)),
            options={"time_limit": _SECONDS / 10},
        )  # fmt: skip
        return None if done.x is None else np.round(done.x)
