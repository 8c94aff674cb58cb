"""How alike two records are in a column: a level for each pair, 0 where one of both says nothing.

Level 1 is equal, then come the levels that are near, in their order, and last is different. Texts are compared without
case, accents and typographic signs, and with their words in any order.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from glane.errors import ConfigError
from glane.settings.link import Comparison, How
from glane.task.fold import fold
from glane.type_words import type_words

Levels = NDArray[np.int8]
Places = NDArray[np.int64]
MISSING = 0
_SWAPPED = "swapped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The values of a column, each different one once, and how two of them are compared."""

    name: str
    words: tuple[str, ...]  # of the levels from 1
    codes: Places  # (records,): the number of each record's value, -1 where it has none
    values: Sequence[Any]
    level_of: Callable[[Sequence[Any], Sequence[Any]], Levels]

    def levels(self, left: Places, right: Places) -> Levels:
        """The levels of pairs of records."""
        one, other = self.codes[left], self.codes[right]
        found = np.where(one == other, 1, MISSING).astype(np.int8)
        is_missing = (one < 0) | (other < 0)
        open_ = ~is_missing & (one != other)
        # A similarity may depend on which text is the first: the pair of values is told in one order.
        low, high = np.minimum(one[open_], other[open_]), np.maximum(one[open_], other[open_])
        pairs, back = np.unique(low * (len(self.values) + 1) + high, return_inverse=True)
        first, second = np.divmod(pairs, len(self.values) + 1)
        told = self.level_of([self.values[at] for at in first], [self.values[at] for at in second])
        found[open_] = told[back]
        return np.where(is_missing, MISSING, found).astype(np.int8)


def column_of(values: pl.Series, told: Comparison) -> Column:
    """Prepare a column for comparison.

    Raises:
        ConfigError: if its type cannot be compared so.
    """
    plain = _plain(values, told)
    known = plain.unique().drop_nulls().sort() if not isinstance(plain.dtype, pl.List) else plain.unique().drop_nulls()
    shown = known.to_list()
    if isinstance(plain.dtype, pl.List):
        shown = sorted(shown)
        at = {tuple(one): place for place, one in enumerate(shown)}
        codes = np.array([-1 if one is None else at[tuple(one)] for one in plain.to_list()], dtype=np.int64)
    else:
        table = pl.DataFrame({"value": known, "code": np.arange(len(known), dtype=np.int64)})
        joined = plain.to_frame("value").join(table, on="value", how="left", maintain_order="left")
        codes = joined["code"].fill_null(-1).to_numpy()
    words = ("equal", *([_SWAPPED] if _has_swapped(told) else []), *map(_bound(told.how), told.levels), "different")
    return Column(name=told.column, words=words, codes=codes, values=shown, level_of=_LEVELS[told.how](told))


def folded(values: pl.Series) -> pl.Series:
    """Texts without case, accents and typographic signs; blank ones are missing. Other types as they are."""
    if not isinstance(values.dtype, pl.String | pl.Categorical | pl.Enum):
        return values.fill_nan(None) if values.dtype.is_float() else values
    texts = values.cast(pl.String)
    known = texts.unique().drop_nulls().to_list()
    short = [" ".join(fold(one).split()) or None for one in known]
    table = pl.DataFrame({"value": known, "folded": short}, schema={"value": pl.String, "folded": pl.String})
    return (
        texts.to_frame("value").join(table, on="value", how="left", maintain_order="left")["folded"].alias(values.name)
    )


def _plain(values: pl.Series, told: Comparison) -> pl.Series:
    kind, how = values.dtype, told.how
    needed: dict[How, tuple[bool, str]] = {
        "exact": (not isinstance(kind, pl.List | pl.Struct), "plain values"),
        "text": (isinstance(kind, pl.String | pl.Categorical | pl.Enum), "texts"),
        "date": (kind == pl.Date or isinstance(kind, pl.Datetime), "dates"),
        "number": (kind.is_numeric(), "numbers"),
        "set": (isinstance(kind, pl.List), "lists"),
    }
    is_right, what = needed[how]
    if kind == pl.Null:
        return values.cast(pl.List(pl.String)) if how == "set" else values
    if not is_right:
        raise ConfigError(f"linkage.compare: {told.column!r} is {type_words(kind)}, and how: {how} compares {what}.")
    if how == "date":
        return values.dt.date() if isinstance(kind, pl.Datetime) else values
    if how == "set":
        items = [None if one is None else sorted({_item(item) for item in one if item is not None}) for one in values]
        return pl.Series(values.name, [one or None for one in items], pl.List(pl.String))
    if how == "number":
        return values.cast(pl.Float64).fill_nan(None)
    return folded(values)


def _item(value: Any) -> str:
    return " ".join(fold(str(value)).split())


def _bound(how: How) -> Callable[[float], str]:
    return (lambda bound: f"≥ {bound:g}") if how in ("text", "set") else (lambda bound: f"± {bound:g}")


def _has_swapped(told: Comparison) -> bool:
    return told.how == "date" and told.swapped


def _never(_: Comparison) -> Callable[[Sequence[Any], Sequence[Any]], Levels]:
    return lambda left, _: np.full(len(left), 2, dtype=np.int8)


def _by_similarity(told: Comparison) -> Callable[[Sequence[Any], Sequence[Any]], Levels]:
    def levels(left: Sequence[str], right: Sequence[str]) -> Levels:
        alike = process.cpdist(left, right, scorer=JaroWinkler.similarity, dtype=np.float64)
        sorted_left, sorted_right = ([" ".join(sorted(one.split())) for one in side] for side in (left, right))
        other = process.cpdist(sorted_left, sorted_right, scorer=JaroWinkler.similarity, dtype=np.float64)
        best = np.maximum(alike, other)
        return np.where(best >= 1, 1, _level(-best, [-bound for bound in told.levels], 2)).astype(np.int8)

    return levels


def _by_days(told: Comparison) -> Callable[[Sequence[Any], Sequence[Any]], Levels]:
    first = 3 if told.swapped else 2

    def levels(left: Sequence[datetime.date], right: Sequence[datetime.date]) -> Levels:
        apart = np.array([abs((one - other).days) for one, other in zip(left, right, strict=True)], dtype=np.float64)
        found = _level(apart, told.levels, first)
        if told.swapped:
            is_swapped = [
                one.year == other.year and (one.month, one.day) == (other.day, other.month)
                for one, other in zip(left, right, strict=True)
            ]
            found = np.where(np.array(is_swapped, dtype=bool), 2, found)
        return found.astype(np.int8)

    return levels


def _by_difference(told: Comparison) -> Callable[[Sequence[Any], Sequence[Any]], Levels]:
    def levels(left: Sequence[float], right: Sequence[float]) -> Levels:
        return _level(np.abs(np.array(left, dtype=np.float64) - np.array(right, dtype=np.float64)), told.levels, 2)

    return levels


def _by_items(told: Comparison) -> Callable[[Sequence[Any], Sequence[Any]], Levels]:
    def levels(left: Sequence[list[str]], right: Sequence[list[str]]) -> Levels:
        shared = [
            len(set(one) & set(other)) / len(set(one) | set(other)) for one, other in zip(left, right, strict=True)
        ]
        return _level(-np.array(shared, dtype=np.float64), [-bound for bound in told.levels], 2)

    return levels


def _level(apart: NDArray[np.float64], bounds: Sequence[float], first: int) -> Levels:
    """The first level whose bound is not exceeded, from `first`; that after the last if all are."""
    return (first + np.searchsorted(np.array(bounds, dtype=np.float64), apart, side="left")).astype(np.int8)


_LEVELS: dict[How, Callable[[Comparison], Callable[[Sequence[Any], Sequence[Any]], Levels]]] = {
    "exact": _never,
    "text": _by_similarity,
    "date": _by_days,
    "number": _by_difference,
    "set": _by_items,
}
