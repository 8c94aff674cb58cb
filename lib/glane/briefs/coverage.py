"""Whether two periods can be compared: their days have documents, and these are from the same sources."""

from __future__ import annotations

import datetime
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import polars as pl
from scipy import special

from glane.briefs.record import Days

_CHANCE = 0.01  # of as many days without a document, below which they are missing
_SHARE = 0.05  # of a period's documents, above which sources of it alone make it another one


def has_gaps(days: pl.Series, periods: Sequence[Days], *, beside: Sequence[Days] = ()) -> bool:
    """Whether days of the periods have no document, and more of them than chance would leave.

    A day of the week on which no document is dated, in these periods and those beside, is one on which none is written.
    On another, the documents of a day are taken as Poisson, with the mean that the days that have any tell. Some `k`
    days without a document are missing if the chance that any `k` of the days have none is small: that of these, times
    the ways to choose `k` days. So of few documents a day, some days have none; of many, no day has.

    Args:
        days: Of the documents.
        periods: Whose days are looked at.
        beside: Periods whose documents tell as well how many there are on a day of the week.
    """
    num = Counter(days.drop_nulls().to_list())
    on_weekday: dict[int, list[int]] = defaultdict(list)
    for day in _days([*periods, *beside]):
        if num[day]:
            on_weekday[day.weekday()].append(num[day])
    mean = {weekday: _mean(found) for weekday, found in on_weekday.items()}
    looked = [day for day in _days(periods) if day.weekday() in mean]
    if not looked:
        return True
    lost = np.cumsum(sorted((mean[day.weekday()] for day in looked if not num[day]), reverse=True))
    ways = [math.log(math.comb(len(looked), many)) for many in range(1, len(lost) + 1)]
    return bool(np.any(ways - lost < math.log(_CHANCE)))


def _mean(counts: Sequence[int]) -> float:
    """The mean of Poisson counts, of which those that are none are not known: its estimate by maximum likelihood."""
    mean = float(np.mean(counts))
    return max(0.0, mean + float(special.lambertw(-mean * math.exp(-mean)).real))


def _days(periods: Iterable[Days]) -> Iterator[datetime.date]:
    for one in periods:
        yield from (one.first + datetime.timedelta(days=at) for at in range((one.last - one.first).days + 1))


def are_of_other_sources(now: pl.Series, before: pl.Series) -> bool:
    """Whether sources that have documents in one of two periods alone have many of that period's documents.

    Args:
        now: The source of each document of a period; none is a source, too.
        before: Of the period before.
    """
    return any(
        bool(len(ours)) and (~ours.is_in(others.unique().implode(), nulls_equal=True)).sum() > _SHARE * len(ours)
        for ours, others in ((now, before), (before, now))
    )
