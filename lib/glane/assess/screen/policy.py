"""Which documents come next: those of the ranking, or some at random.

It decides how much is read, never the guarantee.

The ranking is read until it is dry; then the rest is sampled. When the sample finds more cases than the recall
tolerates, whichever of both has found more cases by document lately goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from glane.assess.screen.certificate import Certificate, How, tolerated
from glane.assess.screen.record import BatchState

_RECENT: Mapping[How, float] = {"ranked": 0.2, "random": 0.5}  # of what was read so, the last part
_DRY = 0.25  # of the cases that the recall tolerates, so many at most are in the recent part of a dry ranking


def next_how(batches: Sequence[BatchState], certificate: Certificate, *, rows: int) -> How:
    """How the next batch is drawn."""
    num, cases = _recent(batches, "ranked", rows)
    tolerable = tolerated(certificate.found, certificate.recall)
    if num < rows or cases > _DRY * tolerable:
        return "ranked"
    drawn, hits = _recent(batches, "random", rows)
    if not hits or hits / drawn * certificate.unread <= tolerable:
        return "random"
    return "ranked" if (cases + 1) / num > hits / drawn else "random"


def _recent(batches: Sequence[BatchState], how: How, rows: int) -> tuple[int, int]:
    """The documents and cases of the last batches that were drawn so."""
    drawn = [one for one in batches if one.how == how]
    wanted = max(rows, _RECENT[how] * sum(one.read for one in drawn))
    num = cases = 0
    for one in reversed(drawn):
        if num >= wanted:
            break
        num, cases = num + one.read, cases + one.cases
    return num, cases
