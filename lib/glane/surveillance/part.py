"""The corrected count of a part of a run: of one period, place or group, and of a filter.

It is the row that a table by these keys has (`glane.surveillance.table`): it adds up with those beside it to the figure
over all documents, and lies between the cases that are known among its documents and these without the known others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from glane.assess.estimate.figures import joined_notes
from glane.assess.estimate.notes import note
from glane.assess.estimate.pooled import drawn_total
from glane.assess.estimate.question import MODEL, REVIEWED, Question
from glane.assess.proportion import Interval
from glane.surveillance.cells import Cells, cell_numbers, counted
from glane.surveillance.corrected import MOST_CELLS, Corrected, corrected_cells
from glane.surveillance.dimensions import Key
from glane.surveillance.figures import Figures
from glane.surveillance.rates import mixed_limits, rate_limits

_INSIDE = "__inside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a review makes of the cases of a part."""

    estimate: float
    low: float
    high: float
    low_of_process: float  # with the chance that cases occur by, as a rate has it
    high_of_process: float
    reviewed: int  # documents, of the run
    reviewed_here: int  # of them in the part
    note: str | None  # what is said of the review


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A run cut by some keys, and corrected together."""

    cells: Cells
    corrected: Corrected
    keys: tuple[str, ...]
    level: float
    only: Mapping[str, Key] | None = None  # the one part that a run of too many cells was cut by

    @classmethod
    def of(cls, rows: pl.DataFrame, keys: Mapping[str, Key], question: Question) -> Parts:
        """Cut a run, and correct it.

        Args:
            rows: Of `glane.assess.estimate.question.joined_rows`, with the keys.
            keys: With the value of each that makes the part.
            question: What is counted.
        """
        named, only = tuple(keys), None
        table = _counted(rows, named)
        if table.height > MOST_CELLS:  # one key then, of whether a document is in the part
            inside = pl.all_horizontal(pl.col(key).eq_missing(value) for key, value in keys.items())
            rows, named, only = rows.with_columns(inside.alias(_INSIDE)), (_INSIDE,), dict(keys)
            table = _counted(rows, named)
        numbers = cell_numbers(rows, table, named)
        corrected = corrected_cells(rows, numbers, named, question, None, num_cells=table.height)
        return cls(
            cells=Cells(table=table, corrected=corrected), corrected=corrected, keys=named, level=question.level,
            only=only,
        )  # fmt: skip

    def tells(self, keys: Mapping[str, Key]) -> bool:
        """Whether `part` can tell the part in which each key has its value."""
        return self.only is None or self.only == keys

    def part(self, keys: Mapping[str, Key]) -> Part:
        """The part in which each key has its value."""
        assert self.tells(keys)
        values = keys if self.only is None else {_INSIDE: True}
        domains: dict[str, list[Key]] = {key: [values[key]] for key in self.keys}
        figures = Figures(cells=self.cells, domains=domains, level=self.level, rating=None)
        row = figures.of(self.keys).row(0, named=True)
        margin = self.cells.margin(self.keys, domains)
        assert margin.draws is not None
        draws = margin.draws.values if len(margin.draws.rows) else np.zeros((1, 1))
        low, high = _drawn_limits(row["estimate"], draws, self.corrected.effect, self.level)
        is_unseen = not row["reviewed"] and row["documents"]
        return Part(
            estimate=row["estimate"], low=row["low"], high=row["high"],
            low_of_process=min(low, row["low"]), high_of_process=max(high, row["high"]),
            reviewed=int(self.cells.table["reviewed"].sum()), reviewed_here=row["reviewed"],
            note=joined_notes(note("not_reviewed") if is_unseen else None, self.corrected.basis.line.note),
        )  # fmt: skip


def _counted(rows: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
    return counted(rows, rows.head(0), keys, is_case=MODEL, is_reviewed=REVIEWED)


def process_limits(count: Interval, *, level: float) -> tuple[float, float]:
    """The limits of the expected count behind a count of which its interval alone is known, as a table tells it."""
    draws = np.maximum(drawn_total(np.random.default_rng(0), count, level), 0.0)[:, None]
    low, high = _drawn_limits(count.estimate, draws, 1.0, level)
    return min(low, count.low), max(high, count.high)


def _drawn_limits(
    estimate: float, draws: np.ndarray[tuple[int, int], np.dtype[np.float64]], effect: float, level: float
) -> tuple[float, float]:
    """The limits of an expected count, as those of the rates of a table are made."""
    count, most = np.array([estimate]), np.array([effect])
    low, high = rate_limits(count, effect * count, most, level=level)
    if draws.var() > 0:
        rng = np.random.default_rng(0)
        low, high = mixed_limits(draws, effect * draws, most, level=level, rng=rng)
    return float(min(low[0], estimate)), float(max(high[0], estimate))
