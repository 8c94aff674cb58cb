"""A table's rows, protected: which are told, which are suppressed, and what can be found out of these.

A row is told with all of its figures, or suppressed with all of them. Cases and the others (documents that are none)
are sums over the same parts; each is searched by itself, since no row tells one of both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from scipy.sparse import csr_array, vstack

from glane.disclosure.agree import agreeing, is_whole
from glane.disclosure.audit import Effort, intervals
from glane.disclosure.choose import Measure, chosen
from glane.disclosure.counts import Counts, Flags, Floats, Former, too_small, too_small_corrected
from glane.disclosure.history import History
from glane.disclosure.layout import Layout, sums
from glane.errors import ConfigError
from glane.settings.disclosure import DisclosureRule

_CLOSE = 1e-6
_MOST_PARTS = 3000  # that somebody is in: more take hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Protected:
    """What is told of a table."""

    primary: Flags  # (rows,): suppressed, since a count is too small
    suppressed: Flags  # (rows,): these, and what would give them back
    protection: int  # the width that was asked for
    narrowest: float | None  # a suppressed small count's interval is at least as wide; None if there is none
    exposed: int  # small counts that earlier tables tell, whatever is suppressed here
    rows_before: int  # of earlier tables that were taken into account

    @property
    def share(self) -> float:
        """Of the rows, those that are suppressed."""
        return float(self.suppressed.mean()) if len(self.suppressed) else 0.0


def protect(
    layout: Layout, counts: Counts, rule: DisclosureRule, former: Sequence[Former] = (), *, exact: bool = False
) -> Protected:
    """Choose what is suppressed, and find out what can be known of it.

    Args:
        layout: What each row counts.
        counts: Of each row.
        rule: Which counts are too small, and how well they must be protected.
        former: All tables of the series that were issued before.
        exact: Search the intervals to their ends, so that `narrowest` is the narrowest.

    Raises:
        ConfigError: if the table is too large to be searched.
    """
    rows, *earlier = map(csr_array, sums([layout, *(one.layout for one in former)]))
    _check_size(rows, counts)
    history = History.of(layout, rows, counts, rule, former, earlier)
    series = _Series.of(counts, rule, history)
    suppressed = series.pattern()
    widths = series.widths(suppressed, exact=exact)
    return Protected(
        primary=series.primary, suppressed=suppressed, protection=rule.protection,
        narrowest=float(widths.min()) if len(widths) else None, exposed=series.exposed,
        rows_before=sum(len(one.cases) for one in former),
    )  # fmt: skip


def _check_size(rows: csr_array, counts: Counts) -> None:
    nobody = (counts.cases + counts.others == 0).astype(np.float64) @ rows
    if (num := int((nobody == 0).sum())) > _MOST_PARTS:
        raise ConfigError(
            f"table.disclosure: {num:,} parts of the table and of its register have documents; at most {_MOST_PARTS:,} "
            "are searched. Choose longer periods, regions, fewer classes or groups, or method: cell_key."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _One:
    """One measure of the table and of the earlier ones."""

    values: Floats  # (rows,)
    parts: Floats  # of which they are sums
    told: Floats  # (rows that were told before,), each for what it would be today
    sensitive: Flags  # (rows,): that can be, and must be, protected
    former: Flags  # (rows that were hidden before,): the same
    is_whole: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """A table among those that were issued before."""

    rows: csr_array
    history: History
    measures: tuple[_One, ...]
    counts: Counts
    primary: Flags
    exposed: int
    width: float

    @classmethod
    def of(cls, counts: Counts, rule: DisclosureRule, history: History) -> _Series:
        """All that can be protected."""
        small = too_small(counts, rule)
        both = zip((counts.cases, counts.others), (history.cases, history.others), small, strict=True)
        measures = tuple(
            _One(
                values=values, parts=parts, told=history.told @ parts, sensitive=one & ~history.is_told,
                former=np.ones(history.hidden.shape[0], dtype=bool), is_whole=is_whole(parts),
            )
            for values, parts, one in both
        )  # fmt: skip
        return cls(
            rows=history.rows, history=history, measures=measures, counts=counts, primary=np.logical_or(*small),
            exposed=0, width=float(rule.protection),
        )._without_exposed()._with_estimate(too_small_corrected(counts, rule))  # fmt: skip

    def _without_exposed(self) -> _Series:
        """The same without what earlier tables tell by themselves: nothing that is done here can hide it."""
        everything = np.ones(self.rows.shape[0], dtype=bool)
        measures, exposed = [], int((self.primary & self.history.is_told).sum())
        for one in self.measures:
            is_wide = self._widths(one, everything) >= self.width - _CLOSE
            num = int(one.sensitive.sum())
            sensitive = one.sensitive.copy()
            sensitive[np.flatnonzero(sensitive)[~is_wide[:num]]] = False
            exposed += int((~is_wide[:num]).sum())
            measures.append(replace(one, sensitive=sensitive, former=is_wide[num:]))
        return replace(self, measures=tuple(measures), exposed=exposed)

    def _with_estimate(self, small: Flags) -> _Series:
        """The same with the corrected counts, and where they are too small by themselves."""
        measures = list(self.measures)
        if self.counts.estimate is not None:
            nobody = csr_array((0, self.rows.shape[1]))
            parts = agreeing(self.rows, self.counts.estimate, nobody, np.zeros(0))
            lost = np.zeros(self.history.hidden.shape[0], dtype=bool)
            measures.append(
                replace(
                    measures[0], values=self.counts.estimate, parts=parts, told=np.zeros(0), former=lost,
                    sensitive=measures[0].sensitive | small, is_whole=False,
                )
            )  # fmt: skip
        return replace(self, measures=tuple(measures), primary=self.primary | small)

    def pattern(self) -> Flags:
        """The rows that are suppressed."""
        everything = self.primary | (self._documents > 0) & ~self.history.is_told
        for width in (self.width, 2 * self.width):
            found = chosen(
                self.rows, list(self._searched()), told_before=self.history.told, is_open=~everything & ~self.primary,
                primary=self.primary, cost=self._cost(), width=width, holds=self._holds,
            )  # fmt: skip
            if self._holds(found):
                return found
        return everything

    def widths(self, suppressed: Flags, *, exact: bool = False) -> Floats:
        """Of the small counts of this table that can be protected: how wide their intervals are."""
        effort: Effort = "exact" if exact else "search"
        found = [self._widths(one, suppressed, effort=effort)[: int(one.sensitive.sum())] for one in self.measures]
        return np.concatenate(found)

    @property
    def _documents(self) -> Floats:
        return self.counts.cases + self.counts.others

    def _cost(self) -> Floats:
        """Sums are dearer than what they are sums of, and what was suppressed before is cheap."""
        parts = np.maximum(np.diff(self.rows.indptr), 1).astype(np.float64)
        return np.log(2 + self._documents) * (1 + np.log(parts)) ** 2 * np.where(self.history.was_hidden, 0.01, 1.0)

    def _searched(self) -> Iterator[Measure]:
        for one in self.measures:
            seen = partial(self._widths, one, effort="look")
            yield Measure(parts=one.parts, targets=self._targets(one), seen=seen)

    def _holds(self, suppressed: Flags) -> bool:
        return all((self._widths(one, suppressed) >= self.width - _CLOSE).all() for one in self.measures)

    def _targets(self, one: _One) -> csr_array:
        """The sensitive rows of this table, then the hidden ones of others."""
        of_table, of_others = self.rows[np.flatnonzero(one.sensitive)], self.history.hidden[np.flatnonzero(one.former)]
        return csr_array(vstack([of_table, of_others], format="csr"))

    def _widths(self, one: _One, suppressed: Flags, *, effort: Effort = "search") -> Floats:
        """How wide the intervals of the targets are."""
        targets = self._targets(one)
        if not targets.shape[0]:
            return np.zeros(0)
        is_open = np.flatnonzero(~suppressed)
        equations, told = csr_array(self.rows[is_open]), one.values[is_open]
        if len(one.told):
            equations, told = vstack([equations, self.history.told], format="csr"), np.append(told, one.told)
        return intervals(
            csr_array(equations), told, targets, width=self.width, is_whole=one.is_whole, effort=effort
        ).widths
