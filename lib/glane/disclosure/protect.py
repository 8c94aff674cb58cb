"""A table's rows, protected: which are told, which are suppressed, and what can be found out of these.

A row is told with all of its figures, or suppressed with all of them. Cases and the others (documents that are none)
are sums over the same parts; each is searched by itself, since no row tells one of both.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, vstack

from glane.disclosure.agree import agreeing
from glane.disclosure.audit import Effort, intervals
from glane.disclosure.choose import Measure, chosen
from glane.disclosure.layout import Layout, sums
from glane.settings.disclosure import DisclosureRule

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
_CLOSE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The true counts of the rows of a table, (rows,)."""

    cases: Floats
    others: Floats  # documents or persons that are no case
    estimate: Floats | None = None  # corrected counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """Rows of a table of the same series that was issued: counts are not a number where they were suppressed."""

    layout: Layout
    cases: Floats
    others: Floats


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


def too_small(counts: Counts, rule: DisclosureRule) -> tuple[Flags, Flags]:
    """Where cases are sensitive by themselves, and where the others are."""
    is_there = counts.cases + counts.others > 0
    least = 0 if rule.zeros else 1
    cases = (counts.cases >= least) & (counts.cases < rule.least) & is_there
    others = (counts.others >= least) & (counts.others < rule.least) & is_there
    return cases, others


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
    rows, *earlier = sums([layout, *(one.layout for one in former)])
    series = _Series.of(layout, csr_array(rows), counts, rule, former, [csr_array(one) for one in earlier])
    suppressed = series.pattern()
    widths = series.widths(suppressed, exact=exact)
    return Protected(
        primary=series.primary, suppressed=suppressed, protection=rule.protection,
        narrowest=float(widths.min()) if len(widths) else None, exposed=series.exposed,
        rows_before=series.told.shape[0] + series.hidden.shape[0],
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _One:
    """One measure of the table and of the earlier ones."""

    values: Floats  # (rows,)
    told: Floats  # (rows that were told before,)
    sensitive: Flags  # (rows,): that can be, and must be, protected
    former: Flags  # (rows that were hidden before,): the same
    is_whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Series:
    """A table among those that were issued before."""

    rows: csr_array
    told: csr_array  # rows that were told before
    hidden: csr_array  # rows that were suppressed, and are none of this table
    is_told: Flags  # (rows,): of this table, those told before
    was_hidden: Flags
    measures: tuple[_One, ...]
    counts: Counts
    primary: Flags
    exposed: int
    width: float

    @classmethod
    def of(
        cls, layout: Layout, rows: csr_array, counts: Counts, rule: DisclosureRule, former: Sequence[Former],
        earlier: Sequence[csr_array],
    ) -> _Series:  # fmt: skip
        own = layout.names()
        names = [name for one in former for name in one.layout.names()]
        stacked = csr_array(vstack(earlier, format="csr")) if earlier else csr_array((0, rows.shape[1]))
        cases = np.concatenate([np.zeros(0), *(one.cases for one in former)])
        others = np.concatenate([np.zeros(0), *(one.others for one in former)])
        open_before = ~np.isnan(cases)
        told_names = {name for name, is_open in zip(names, open_before, strict=True) if is_open}
        hidden = ~open_before & np.array([name not in told_names | set(own) for name in names], dtype=bool)
        is_told = np.array([name in told_names for name in own], dtype=bool)
        small, few_others = too_small(counts, rule)
        found = cls(
            rows=rows, told=csr_array(stacked[np.flatnonzero(open_before)]),
            hidden=csr_array(stacked[np.flatnonzero(hidden)]), is_told=is_told,
            was_hidden=np.array([name in set(names) - told_names for name in own], dtype=bool),
            measures=(
                _One(
                    values=counts.cases, told=cases[open_before], sensitive=small & ~is_told,
                    former=np.ones(int(hidden.sum()), dtype=bool),
                ),
                _One(
                    values=counts.others, told=others[open_before], sensitive=few_others & ~is_told,
                    former=np.ones(int(hidden.sum()), dtype=bool),
                ),
            ),
            counts=counts, primary=small | few_others, exposed=0, width=float(rule.protection),
        )  # fmt: skip
        return found._without_exposed()

    def _without_exposed(self) -> _Series:
        """The same without what earlier tables tell by themselves: nothing that is done here can hide it."""
        everything = np.ones(self.rows.shape[0], dtype=bool)
        measures, exposed = [], int((self.primary & self.is_told).sum())
        for one in self.measures:
            is_wide = self._widths(one, everything) >= self.width - _CLOSE
            num = int(one.sensitive.sum())
            sensitive = one.sensitive.copy()
            sensitive[np.flatnonzero(sensitive)[~is_wide[:num]]] = False
            exposed += int((~is_wide[:num]).sum())
            measures.append(
                _One(values=one.values, told=one.told, sensitive=sensitive, former=is_wide[num:], is_whole=one.is_whole)
            )
        if self.counts.estimate is not None:
            nothing = np.zeros(0)
            measures.append(
                _One(
                    values=self.counts.estimate,
                    told=nothing,
                    sensitive=measures[0].sensitive,
                    is_whole=False,
                    former=np.zeros(self.hidden.shape[0], dtype=bool),
                )
            )
        return _Series(
            rows=self.rows, told=self.told, hidden=self.hidden, is_told=self.is_told, was_hidden=self.was_hidden,
            measures=tuple(measures), counts=self.counts, primary=self.primary, exposed=exposed, width=self.width,
        )  # fmt: skip

    def pattern(self) -> Flags:
        """The rows that are suppressed."""
        everything = self.primary | (self._documents > 0) & ~self.is_told
        for width in (self.width, 2 * self.width):
            found = chosen(
                self.rows, list(self._searched()), told_before=self.told, is_open=~everything & ~self.primary,
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
        parts = np.diff(self.rows.indptr).astype(np.float64)
        return np.log(2 + self._documents) * (1 + np.log(parts)) ** 2 * np.where(self.was_hidden, 0.01, 1.0)

    def _searched(self) -> Iterator[Measure]:
        for one in self.measures:
            earlier = self.told if len(one.told) else csr_array((0, self.rows.shape[1]))
            yield Measure(
                parts=agreeing(self.rows, one.values, earlier, one.told), targets=self._targets(one),
                seen=partial(self._widths, one, effort="look"),
            )  # fmt: skip

    def _holds(self, suppressed: Flags) -> bool:
        return all((self._widths(one, suppressed) >= self.width - _CLOSE).all() for one in self.measures)

    def _targets(self, one: _One) -> csr_array:
        """The sensitive rows of this table, then the hidden ones of others."""
        of_table, of_others = self.rows[np.flatnonzero(one.sensitive)], self.hidden[np.flatnonzero(one.former)]
        return csr_array(vstack([of_table, of_others], format="csr"))

    def _widths(self, one: _One, suppressed: Flags, *, effort: Effort = "search") -> Floats:
        """How wide the intervals of the targets are."""
        targets = self._targets(one)
        if not targets.shape[0]:
            return np.zeros(0)
        is_open = np.flatnonzero(~suppressed)
        equations, told = csr_array(self.rows[is_open]), one.values[is_open]
        if len(one.told):
            parts = agreeing(equations, told, self.told, one.told)
            equations, told = (
                csr_array(vstack([equations, self.told], format="csr")),
                np.append(told, self.told @ parts),
            )
        return intervals(equations, told, targets, width=self.width, is_whole=one.is_whole, effort=effort).widths
