"""Which records are compared with which: those that are equal in all columns of one rule, and none is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.errors import DataError
from glane.linkage.levels import folded
from glane.settings.link import beginning

Places = NDArray[np.int64]
_KEY = "__key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Pairs of records, each once, in order: `left` is before `right`."""

    left: Places
    right: Places
    rules: NDArray[np.bool_]  # (pairs, rules): which brought a pair together
    largest: tuple[int, ...]  # by rule: the records of its largest block


def candidates(records: pl.DataFrame, rules: Sequence[Sequence[str]], *, most: int) -> Candidates:
    """Find the pairs that are equal in all columns of a rule. A record without one of them is in no block of the rule.

    Raises:
        DataError: if these are more than `most` pairs. None is left out: a block that is not compared would look like
            one without two records of an entity.
    """
    plain = {name: _key(records, name) for name in dict.fromkeys(name for rule in rules for name in rule)}
    table, num = pl.DataFrame(plain), records.height
    codes, largest, total = [], [], 0
    for at, rule in enumerate(rules):
        blocks = _blocks(table.select(rule))
        sizes = np.array([len(one) for one in blocks], dtype=np.int64)
        pairs = int((sizes * (sizes - 1) // 2).sum())
        total += pairs
        if total > most:
            _refuse(at, rule, pairs, int(sizes.max()), most)
        largest.append(int(sizes.max(initial=0)))
        codes.append(np.sort(_pairs(blocks, num)))
    every = np.unique(np.concatenate(codes)) if codes else np.empty(0, np.int64)
    of_rule = np.zeros((len(every), len(rules)), dtype=bool)
    for at, one in enumerate(codes):
        of_rule[np.searchsorted(every, one), at] = True
    left, right = np.divmod(every, num) if num else (every, every)
    return Candidates(left=left, right=right, rules=of_rule, largest=tuple(largest))


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleValues:
    """What records have in the columns of rules, as numbers; -1 where they have nothing."""

    codes: NDArray[np.int64]  # (records, names)
    rules: tuple[tuple[int, ...], ...]  # by rule: which of the names

    @classmethod
    def of(cls, records: pl.DataFrame, rules: Sequence[Sequence[str]]) -> RuleValues:
        """Number the values of the columns of rules, each by the first record that has it."""
        names = list(dict.fromkeys(name for rule in rules for name in rule))
        table = pl.DataFrame({name: _key(records, name) for name in names}).with_row_index(_KEY)
        first = pl.col(_KEY).cast(pl.Int64).first()
        codes = table.select(
            pl.when(pl.col(name).is_not_null()).then(first.over(name)).otherwise(-1).alias(name) for name in names
        ).to_numpy()
        return cls(codes=codes, rules=tuple(tuple(names.index(name) for name in rule) for rule in rules))

    def differ(self, left: Places, right: Places) -> NDArray[np.bool_]:
        """Whether two records differ in every rule: in a column of each in which both have a value."""
        one, other = self.codes[left], self.codes[right]
        differs = (one >= 0) & (other >= 0) & (one != other)
        return np.all([differs[:, list(rule)].any(axis=1) for rule in self.rules], axis=0)


def _key(records: pl.DataFrame, name: str) -> pl.Series:
    """What must be equal: the value of a column, or its first letters."""
    column, letters = beginning(name)
    values = folded(records[column])
    return (values if letters is None else values.cast(pl.String).str.slice(0, letters)).alias(name)


def _refuse(at: int, rule: Sequence[str], pairs: int, largest: int, most: int) -> None:
    raise DataError(
        f"linkage.block: rule {at + 1} ({', '.join(rule)}) makes {pairs:,} pairs, its largest block has {largest:,} "
        f"records, and at most {most:,} pairs are compared in all. Add a column to the rule, make values that stand "
        "for nothing null, or raise linkage.most_pairs (about 20 bytes each)."
    )


def _blocks(keys: pl.DataFrame) -> list[Places]:
    """The records of each block of two or more, in order."""
    named = keys.with_row_index(_KEY).drop_nulls()
    groups = named.group_by(keys.columns, maintain_order=True).agg(pl.col(_KEY)).filter(pl.col(_KEY).list.len() > 1)
    return [np.array(one, dtype=np.int64) for one in groups[_KEY].to_list()]


def _pairs(blocks: Sequence[Places], num: int) -> Places:
    """The pairs of all blocks, as one number each."""
    found = []
    for block in blocks:
        one, other = np.triu_indices(len(block), k=1)
        found.append(block[one] * num + block[other])
    return np.concatenate(found) if found else np.empty(0, np.int64)


def random_pairs(num: int, *, most: int, seed: int) -> tuple[Places, Places]:
    """All pairs of `num` records, or `most` of them drawn at random, each once."""
    every = num * (num - 1) // 2
    if every <= most:
        left, right = np.triu_indices(num, k=1)
        return left.astype(np.int64), right.astype(np.int64)
    rng = np.random.default_rng(seed)
    one, other = rng.integers(0, num, 2 * most), rng.integers(0, num, 2 * most)
    code = np.unique((np.minimum(one, other) * num + np.maximum(one, other))[one != other])
    chosen = np.sort(rng.permutation(code)[:most])
    left, right = np.divmod(chosen, num)
    return left, right
