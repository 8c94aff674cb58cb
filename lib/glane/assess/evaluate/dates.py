"""How near found dates are to the right ones: a wrong day of the right week is enough for many curves."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

from glane.assess.evaluate.scores import DateScores

_YEAR, _MONTH, _DAY = 4, 7, 10  # characters of an ISO date


def date_scores(gold: Iterable[str | None], found: Iterable[str | None]) -> DateScores:
    """Count the values of both sides that agree, by precision.

    Args:
        gold: Right dates as ISO text, as far as they are known: 2025, 2025-03 or 2025-03-09.
        found: The same of the run.
    """
    pairs = [(one, other) for one, other in zip(gold, found, strict=True) if one is not None and other is not None]

    def same(length: int) -> list[bool]:
        return [one[:length] == other[:length] for one, other in pairs if min(len(one), len(other)) >= length]

    months = same(_MONTH)
    weeks = [_week(one) == _week(other) for one, other in pairs if len(one) == len(other) == _DAY]
    return DateScores(
        pairs=len(pairs),
        agree=sum(one.startswith(other) or other.startswith(one) for one, other in pairs),
        same_year=sum(same(_YEAR)),
        months=len(months),
        same_month=sum(months),
        days=len(weeks),
        same_week=sum(weeks),
    )


def _week(day: str) -> tuple[int, int]:
    told = datetime.date.fromisoformat(day).isocalendar()
    return told.year, told.week
