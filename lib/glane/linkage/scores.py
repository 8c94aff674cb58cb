"""The log odds of every pair of records that is asked for, whether a rule brought it together or not."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.linkage.entities import NEVER
from glane.linkage.fellegi_sunter import Model, Patterns, any_two, fitted, of_rules
from glane.linkage.levels import Column, Levels, column_of
from glane.linkage.pairs import Candidates, RuleValues, random_pairs
from glane.settings.link import LinkDefinition, beginning

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
_RANDOM_PAIRS = 1_000_000
# Of keys, which have no probability: equal in a rule and not different in a column; different in one, or in every rule.
AGREE, CONTRADICT = 1.0, -1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Log odds of pairs, and by which they were told."""

    columns: tuple[Column, ...]
    model: Model | None  # None: of keys
    candidates: Candidates
    levels: Levels  # of the candidates, (pairs, columns)
    odds: Floats  # of the candidates
    num: int  # records
    _of_others: Callable[[Places, Places, Levels], Floats]

    def of(self, left: Places, right: Places) -> Floats:
        """The log odds of pairs, `left` before `right`."""
        known = self.candidates.left * self.num + self.candidates.right  # in order
        asked = left * self.num + right
        at = np.minimum(np.searchsorted(known, asked), max(len(known) - 1, 0))
        is_known = (known[at] == asked) if len(known) else np.zeros(len(asked), dtype=bool)
        found = np.empty(len(asked))
        found[is_known] = self.odds[at[is_known]]
        if not is_known.all():
            others = left[~is_known], right[~is_known]
            found[~is_known] = self._of_others(*others, levels_of(self.columns, *others))
        return found

    def least(self, link: float) -> float:
        """The log odds from which pairs are linked."""
        return 1e-9 if self.model is None else math.log(link / (1 - link))

    def against(self, review: float) -> float:
        """The log odds below which a pair speaks against one entity."""
        return CONTRADICT if self.model is None else math.log(review / (1 - review))


def levels_of(columns: Sequence[Column], left: Places, right: Places) -> Levels:
    """The levels of pairs in each column, (pairs, columns)."""
    found = [one.levels(left, right) for one in columns]
    return np.stack(found, axis=1) if found else np.zeros((len(left), 0), dtype=np.int8)


def scores(records: pl.DataFrame, definition: LinkDefinition, found: Candidates, order: Places) -> Scores:
    """Compare the candidates; `order` is the place of each record in that in which random pairs are drawn.

    Raises:
        ConfigError: for a column of a type that cannot be compared so.
    """
    columns = tuple(column_of(records[one.column], one) for one in definition.compare)
    levels = levels_of(columns, found.left, found.right)
    if definition.method == "keys":
        odds = np.where(differ(levels, columns), CONTRADICT, AGREE)
        values = RuleValues.of(records, definition.block)

        def of_others(one: Places, other: Places, of: Levels) -> Floats:
            # A chain of two rules is no evidence against what both of them say.
            return np.where(differ(of, columns) | values.differ(one, other), CONTRADICT, 0.0)

        return Scores(
            columns=columns, model=None, candidates=found, levels=levels, odds=odds, num=records.height,
            _of_others=of_others,
        )  # fmt: skip
    blocks = [{beginning(name)[0] for name in rule} for rule in definition.block]
    told = np.array([[one.column not in block for one in definition.compare] for block in blocks], dtype=bool)
    drawn = np.argsort(order)
    left, right = (drawn[side] for side in random_pairs(records.height, most=_RANDOM_PAIRS, seed=definition.seed))
    random = Patterns.of(levels_of(columns, left, right), np.ones(len(columns), dtype=bool))
    by_rule = [Patterns.of(levels[found.rules[:, at]], told[at]) for at in range(len(definition.block))]
    vetoes = np.array([one.never_differs for one in definition.compare], dtype=bool)
    of_vetoes = [one for one, is_veto in zip(columns, vetoes, strict=True) if is_veto]
    sizes = [len(one.words) for one in columns]
    model = fitted(random, by_rule, sizes, num=records.height, vetoes=vetoes)

    by_rules = of_rules(model, levels, found.rules, told)
    prior = any_two(by_rules, records.height)
    # Where a rule asks for more than is compared, its share of matches knows more than the columns do.
    is_all_compared = {name for block in blocks for name in block} <= {one.column for one in definition.compare}

    def checked(odds: Floats, of: Levels) -> Floats:
        return np.where(differ(of[:, vetoes], of_vetoes), NEVER, odds)

    return Scores(
        columns=columns, model=model, candidates=found, levels=levels, num=records.height,
        odds=checked(prior + model.evidence(levels) if is_all_compared else by_rules, levels),
        _of_others=lambda _, __, of: checked(prior + model.evidence(of), of),
    )  # fmt: skip


def differ(levels: Levels, columns: Sequence[Column]) -> NDArray[np.bool_]:
    """Whether records differ in a column that both have a value in."""
    last = np.array([len(one.words) for one in columns], dtype=np.int8)
    return (levels == last).any(axis=1)
