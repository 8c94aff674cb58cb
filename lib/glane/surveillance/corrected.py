"""The counts of all cells of a table, corrected together by a review.

Each key by itself is corrected as a table of its groups (`glane.assess.estimate.pooled`): periods tell of their
neighbours, the groups of other keys are exchangeable. Cells of several keys are fitted to all of these margins, in each
draw, so that whatever is summed adds up and has limits that know of each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.estimate.error_rates import ErrorRatesRecord
from glane.assess.estimate.groups import predictive
from glane.assess.estimate.question import GOLD, GROUP, MODEL, REVIEWED, Question
from glane.assess.estimate.tables import Basis, PooledCells, basis_of_review, pooled_cells
from glane.assess.estimate.transported import basis_of_rates
from glane.assess.proportion import Interval
from glane.surveillance.dimensions import PERIOD
from glane.surveillance.raking import Target, raked

Floats = NDArray[np.float64]
MOST_CELLS = 5000  # that are corrected together: draws of all are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class ByKey:
    """The counts of the groups of one key, as they are whatever other keys the table is cut by."""

    groups: NDArray[np.int64]  # (cells,): the group of each cell
    estimate: Floats  # (groups,)
    draws: Floats  # (draws, groups)

    def times(self, expected: float, ratios: Floats) -> ByKey:
        """The counts multiplied, each draw by its own of `ratios`."""
        return replace(self, estimate=self.estimate * expected, draws=self.draws * ratios[:, None])


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """What a review makes of the counts of the cells: arrays over cells, in their order."""

    estimate: Floats  # (cells,)
    draws: Floats  # (draws, cells)
    effect: float  # the design effect of clusters
    basis: Basis
    total: Interval | None  # over all cells, by the sampling design alone; None where links err, too
    by_key: tuple[ByKey, ...]  # of each key alone, in their order; none: rows by one key are sums of their cells
    has_link_errors: bool = False  # of persons and events


@dataclass(frozen=True, slots=True, kw_only=True)
class _Margin:
    """One key, corrected by itself."""

    groups: NDArray[np.int64]  # (cells,): the group of each cell
    pooled: PooledCells

    def by_key(self) -> ByKey:
        found = self.pooled.found
        return ByKey(groups=self.groups, estimate=found.estimate, draws=found.draws)


def corrected_cells(
    rows: pl.DataFrame,
    cells: NDArray[np.int64],
    keys: Sequence[str | None],
    question: Question,
    transported: ErrorRatesRecord | None,
    *,
    num_cells: int,
    seed: int = 0,
) -> Corrected:
    """Correct the counts of cells.

    Args:
        rows: The documents, as `glane.assess.estimate.question.joined_rows` makes them, with the keys.
        cells: The number of each document's cell.
        keys: The columns of the keys.
        question: What is counted.
        transported: Error rates of an earlier review; None: the documents reviewed among `rows`.
        num_cells: How many cells there are, those without a document with an answer among them.
        seed: Of the draws.

    Raises:
        DataError: for error rates of another question.
    """
    asked = replace(question, what="count", population="run")
    basis = basis_of_review(rows, asked) if transported is None else basis_of_rates(rows, asked, transported)
    found = [_margin(rows, cells, key, asked, basis, num_cells) for key in (keys or (None,))]
    first = found[0].pooled
    if len(found) == 1:
        estimate, draws = first.found.estimate[None, found[0].groups], first.found.draws[:, found[0].groups]
    else:
        counts = _Counts.of(rows, cells, num_cells)
        estimate = _fitted(found, counts, counts.expected(basis), is_point=True)
        draws = _fitted(found, counts, counts.drawn(basis, len(first.found.draws), seed), is_point=False)
    is_there = np.bincount(cells, minlength=num_cells) > 0
    return Corrected(
        estimate=np.where(is_there, estimate[0], 0.0), draws=np.where(is_there, draws, 0.0),
        effect=first.together.effect, basis=basis, total=basis.total, by_key=tuple(one.by_key() for one in found),
    )  # fmt: skip


def _margin(
    rows: pl.DataFrame, cells: NDArray[np.int64], key: str | None, asked: Question, basis: Basis, num_cells: int
) -> _Margin:
    """A key alone, its groups in their order."""
    values = pl.Series(GROUP, [0] * rows.height, pl.Int8) if key is None else rows[key].alias(GROUP)
    is_series = key == PERIOD and not values.null_count()
    pooled = pooled_cells(
        rows.with_columns(values), replace(asked, by=GROUP, every="day" if is_series else None), basis
    )
    order = pooled.cells.select(GROUP).with_row_index("place")
    places = values.to_frame().join(order, on=GROUP, how="left", nulls_equal=True, maintain_order="left")["place"]
    groups = np.zeros(num_cells, dtype=np.int64)  # of a cell without an answer: any, since its count is 0
    groups[cells] = places.to_numpy()
    return _Margin(groups=groups, pooled=pooled)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counts:
    """Documents of each cell, (cells,)."""

    known: Floats  # reviewed, and truly a case
    left_yes: Floats  # not reviewed, to which the model said yes
    left_no: Floats

    @classmethod
    def of(cls, rows: pl.DataFrame, cells: NDArray[np.int64], num: int) -> _Counts:
        is_left, said = ~rows[REVIEWED].to_numpy(), rows[MODEL].to_numpy()
        is_known = (rows[REVIEWED] & rows[GOLD].fill_null(False)).to_numpy()

        def counted(which: NDArray[np.bool_]) -> Floats:
            return np.bincount(cells[which], minlength=num).astype(np.float64)

        return cls(known=counted(is_known), left_yes=counted(is_left & said), left_no=counted(is_left & ~said))

    @property
    def left(self) -> Floats:
        """Documents that were not reviewed."""
        return self.left_yes + self.left_no

    def expected(self, basis: Basis) -> Floats:
        """Cases among those left, (1, cells), were all cells alike."""
        after_yes, after_no = self._predictive(basis)
        return (self.left_yes * after_yes + self.left_no * after_no)[None]

    def drawn(self, basis: Basis, num: int, seed: int) -> Floats:
        """Draws of the same, (num, cells)."""
        rng, (after_yes, after_no) = np.random.default_rng(seed), self._predictive(basis)
        yes, no = self.left_yes.astype(np.int64), self.left_no.astype(np.int64)
        size = (num, len(yes))
        return rng.binomial(yes, after_yes, size).astype(np.float64) + rng.binomial(no, after_no, size)

    def _predictive(self, basis: Basis) -> tuple[float, float]:
        share = (self.left_yes.sum() / max(self.left.sum(), 1.0)).reshape(1)
        yes, no = predictive(share, basis.rates.sensitivity, basis.rates.false_positive_rate)
        return float(yes[0]), float(no[0])


def _fitted(margins: Sequence[_Margin], counts: _Counts, seed: Floats, *, is_point: bool) -> Floats:
    """Cells fitted to all margins, (draws, cells)."""
    targets, sums = [], None
    for one in margins:
        found = one.pooled.found
        known = np.bincount(one.groups, counts.known, len(found.estimate))
        wanted = np.maximum((found.estimate[None] if is_point else found.draws) - known, 0.0)
        totals = wanted.sum(axis=1, keepdims=True)
        if sums is None:
            sums = totals
        left = np.bincount(one.groups, counts.left, len(found.estimate))
        wanted = np.where((totals <= 0) & (sums > 0), left, wanted)  # nothing says where they are
        totals = wanted.sum(axis=1, keepdims=True)
        factor = np.divide(sums, totals, out=np.zeros_like(totals), where=totals > 0)
        targets.append(Target(groups=one.groups, counts=wanted * factor))
    return counts.known + raked(seed, targets, counts.left)
