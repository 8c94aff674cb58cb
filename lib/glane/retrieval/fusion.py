"""Two rankings made one by reciprocal ranks (Cormack, Clarke and Buettcher 2009, SIGIR).

A document's score is the sum of 1 / (60 + rank) over the rankings that have it: no scale of cosines has to be compared
with one of BM25.
"""

from __future__ import annotations

import numpy as np

from glane.retrieval.ranked import NOTHING, Ranked, ranked

_K = 60.0


def fused(*rankings: Ranked) -> Ranked:
    """One ranking of all. The passage of a document is that of the ranking in which it stands higher."""
    best: dict[int, tuple[float, int, int, int]] = {}  # score, best rank, and the passage of that
    for one in rankings:
        for rank, (row, start, end) in enumerate(zip(one.rows, one.starts, one.ends, strict=True), 1):
            score, least, *passage = best.get(int(row), (0.0, 2**31, 0, 0))
            place = (int(start), int(end)) if rank < least else (passage[0], passage[1])
            best[int(row)] = (score + 1 / (_K + rank), min(rank, least), *place)
    if not best:
        return NOTHING
    scores, _, starts, ends = (np.array(column) for column in zip(*best.values(), strict=True))
    return ranked(np.array(list(best), np.int64), scores, starts, ends)
