"""Ranked documents: which rows of a run, how near or fitting, and which passage of each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from glane.retrieval.blocks import Places

Scores = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """Rows from the best to the worst, one a document. Of equal scores, the first in the input comes first."""

    rows: Places
    scores: Scores
    starts: Places  # of the best passage of each, in code points
    ends: Places

    def best(self, top: int) -> Ranked:
        """The first `top` of them."""
        return Ranked(rows=self.rows[:top], scores=self.scores[:top], starts=self.starts[:top], ends=self.ends[:top])

    def joined(self, other: Ranked) -> Ranked:
        """Both, ranked again."""
        return ranked(
            *(
                np.concatenate([getattr(self, name), getattr(other, name)])
                for name in ("rows", "scores", "starts", "ends")
            )
        )


def ranked(rows: Places, scores: Scores, starts: Places, ends: Places) -> Ranked:
    """Rank rows by their scores."""
    order = np.lexsort((rows, -scores))
    return Ranked(rows=rows[order], scores=scores[order], starts=starts[order], ends=ends[order])


NOTHING = ranked(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64))


def best_passages(
    bounds: Places, scores: Scores, starts: Places, ends: Places, *, first_row: int, wanted: Mask, top: int
) -> Ranked:
    """The best passage of each of the `top` best rows that are `wanted` and have any.

    `bounds` are those of the rows among the passages; `starts` and `ends` their places.
    """
    rows = np.flatnonzero(np.diff(bounds) > 0)
    if not len(rows):
        return NOTHING
    highest = np.maximum.reduceat(scores, bounds[rows])  # empty rows lie between no two of these bounds
    highest, rows = highest[wanted[rows]], rows[wanted[rows]]
    if len(rows) > top:
        least = np.partition(highest, -top)[-top]
        highest, rows = highest[highest >= least], rows[highest >= least]  # also those that are as good: ranked later
    chosen = [bounds[row] + int(np.argmax(scores[bounds[row] : bounds[row + 1]])) for row in rows]
    places = np.array(chosen, np.int64)
    return ranked(rows + first_row, highest.astype(np.float64), starts[places], ends[places]).best(top)
