"""What earlier tables of a series told that bears on a new one, and what of them must stay hidden.

Counts change when reports come late. A row of the new table that was told with the count that it has today is known
today. One that was told with another count is not, and can be suppressed; where it only grew, the one who looks is
granted that today's count is not below what was told. Rows that the new table does not have are taken for what they
would be today.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.sparse import csr_array, eye_array, hstack, vstack

from glane.disclosure.agree import agreeing
from glane.disclosure.counts import Counts, Flags, Floats, Former, too_small
from glane.disclosure.layout import Layout, Span
from glane.settings.disclosure import DisclosureRule

Name = tuple[tuple[str, Span], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Earlier tables, as a new one is concerned by them."""

    rows: csr_array  # of the new table, (rows, parts): beside parts of rows, what each row that was told grew by
    told: csr_array  # the parts of rows that were told; of those that grew, without what they grew by, (told, parts)
    cases: Floats  # of all parts, as today's rows and what was told let them be
    others: Floats
    is_told: Flags  # (rows,): of the new table, those that were told with the count that they have
    was_hidden: Flags  # and those that were suppressed whenever they were issued
    hidden: csr_array  # what must stay hidden beside the rows of the table, (hidden, parts)

    @classmethod
    def of(
        cls, layout: Layout, rows: csr_array, counts: Counts, rule: DisclosureRule, former: Sequence[Former],
        earlier: Sequence[csr_array],
    ) -> History:  # fmt: skip
        """What is known before a table is issued.

        Args:
            layout: Of its rows.
            rows: Their parts.
            counts: Of each.
            rule: Which counts are too small.
            former: What was issued.
            earlier: The parts of each of these.

        Raises:
            ConfigError: if the counts cannot be brought together.
        """
        own = layout.names()
        names = [name for one in former for name in one.layout.names()]
        stacked = csr_array(vstack(earlier, format="csr")) if earlier else csr_array((0, rows.shape[1]))
        past = np.column_stack([np.zeros((2, 0)), *(np.stack([one.cases, one.others]) for one in former)])
        is_open = np.asarray(~np.isnan(past).any(axis=0))
        told = {name: tuple(values) for name, values, is_one in zip(names, past.T, is_open, strict=True) if is_one}
        now = dict(zip(own, zip(counts.cases, counts.others, strict=True), strict=True))
        known = {name for name, values in told.items() if now.get(name, values) == values}
        is_known = np.array([name in known for name in names], dtype=bool) & is_open
        former_rows = csr_array(stacked[np.flatnonzero(is_known)])
        cases, others = (
            agreeing(rows, values, former_rows, before[is_known])
            for values, before in zip((counts.cases, counts.others), past, strict=True)
        )
        hidden = np.array([name not in told and name not in set(own) for name in names], dtype=bool)
        hidden &= ~_large_today(stacked, rows, counts, rule)
        between = _Between(rule=rule, cases=cases, others=others)
        steps = between.steps(own, rows, [name for name, one in zip(names, is_known, strict=True) if one], former_rows)
        grew = np.array([_grew(told.get(name), now.get(name)) for name in names], dtype=bool) & is_open
        more = [np.array([now[name][one] for name, is_one in zip(names, grew, strict=True) if is_one]) - past[one][grew]
                for one in (0, 1)]  # fmt: skip
        bounds = hstack([stacked[np.flatnonzero(grew)], -eye_array(len(more[0]))])
        wider = partial(_wider, by=len(more[0]))
        return cls(
            rows=wider(rows), told=csr_array(vstack([wider(former_rows), bounds], format="csr")),
            cases=np.append(cases, more[0]), others=np.append(others, more[1]),
            is_told=np.array([name in known for name in own], dtype=bool),
            was_hidden=np.array([name in set(names) - told.keys() for name in own], dtype=bool),
            hidden=wider(csr_array(vstack([stacked[np.flatnonzero(hidden)], *steps], format="csr"))),
        )  # fmt: skip


def _grew(before: tuple[float, float] | None, now: tuple[float, float] | None) -> bool:
    """Whether a row has another count than it was told with, and none that is lower."""
    return before is not None and now is not None and before != now and before[0] <= now[0] and before[1] <= now[1]


def _wider(rows: csr_array, *, by: int) -> csr_array:
    """Rows with further parts, of which they have none."""
    return csr_array(hstack([rows, csr_array((rows.shape[0], by))], format="csr"))


def _large_today(earlier: csr_array, rows: csr_array, counts: Counts, rule: DisclosureRule) -> Flags:
    """Rows of earlier tables that today's counts tell to be of nobody, or not too small: they need no protection."""
    alone = np.flatnonzero(np.diff(rows.indptr) == 1)
    parts = rows[alone].indices
    is_known, cases, others = np.zeros((3, rows.shape[1]))
    is_known[parts], cases[parts], others[parts] = 1.0, counts.cases[alone], counts.others[alone]
    small, few_others = too_small(Counts(cases=earlier @ cases, others=earlier @ others), rule)
    found: Flags = (earlier @ (1 - is_known) == 0) & ~small & ~few_others
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Between:
    """Small counts that no table has a row of, but that lie between two rows: a week more, or a class cut elsewhere."""

    rule: DisclosureRule
    cases: Floats  # (parts,)
    others: Floats

    def steps(
        self, own: Sequence[Name], rows: csr_array, names: Sequence[Name], told: csr_array
    ) -> Iterator[csr_array]:
        """The parts by which a row of the table is more, or less, than one that was told and differs in one key."""
        for key in {key for name in own for key, _ in name}:
            groups: dict[Name, tuple[list[int], list[int]]] = {}
            for side, all_names in enumerate((own, names)):
                for place, name in enumerate(all_names):
                    if any(other == key for other, _ in name):
                        rest = tuple(pair for pair in name if pair[0] != key)
                        groups.setdefault(rest, ([], []))[side].append(place)
            for here, there in groups.values():
                if here and there:
                    yield from self._of(rows[here], told[there])

    def _of(self, here: csr_array, there: csr_array) -> Iterator[csr_array]:
        cases = (here @ self.cases)[:, None] - (there @ self.cases)[None]
        others = (here @ self.others)[:, None] - (there @ self.others)[None]
        one_way = ((cases >= 0) & (others >= 0)) | ((cases <= 0) & (others <= 0))
        few, few_others = too_small(Counts(cases=np.abs(cases), others=np.abs(others)), self.rule)
        for row, other in zip(*np.nonzero(one_way & (few | few_others)), strict=True):
            step = csr_array(here[[row]] - there[[other]])
            step.eliminate_zeros()
            if step.nnz and len(set(step.data)) == 1:  # one is within the other
                yield abs(step)
