"""What earlier tables of a series told that bears on a new one, and what of them must stay hidden.

Counts change when reports come late. What was told is taken for what it would be today: the one who looks is granted
today's count of all that was ever told. A count that was told and is too small today, and another one now, is not known
for that: today's is hidden as any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array, vstack

from glane.disclosure.agree import agreeing
from glane.disclosure.counts import Counts, Flags, Floats, Former, too_small
from glane.disclosure.layout import Layout, Span
from glane.settings.disclosure import DisclosureRule

Name = tuple[tuple[str, Span], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Earlier tables, as a new one is concerned by them."""

    told: csr_array  # the parts of rows that were told, (rows told, parts)
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
        few, few_others = too_small(counts, rule)
        small = few | few_others
        now = zip(own, counts.cases, counts.others, small, strict=True)
        anew = {name for name, cases, others, is_small in now if is_small and told.get(name) != (cases, others)}
        known = told.keys() - anew
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
        return cls(
            told=former_rows, cases=cases, others=others,
            is_told=np.array([name in known for name in own], dtype=bool),
            was_hidden=np.array([name in set(names) - told.keys() for name in own], dtype=bool),
            hidden=csr_array(vstack([stacked[np.flatnonzero(hidden)], *steps], format="csr")),
        )  # fmt: skip


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
