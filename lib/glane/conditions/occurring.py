"""Texts of a condition that no row has: a slip there selects nothing, or in part of a condition leaves rows out."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import polars as pl

from glane.conditions.categories import compared
from glane.conditions.texts import plain_texts
from glane.conditions.trees import TooDeep, as_expression, as_tree
from glane.errors import shown, told

# A column of which more values are met, or fewer rows a value, is none of categories: its values are not told.
_MOST_VALUES, _LEAST_REPEATED = 1_000, 2
_NEARLY_THE_SAME = 0.9  # of two texts: difflib's ratio


@dataclass(slots=True)
class _Compared:
    """One side of a comparison, and the texts that the other side names."""

    asked: pl.Expr
    columns: tuple[str, ...]
    unmet: set[str]
    values: set[str] | None  # that were met; None if they are too many, or texts of documents
    num_met: int = 0


class Occurring:
    """Watches rows go by, and knows which texts of a condition were in none of them."""

    def __init__(self, condition: pl.Expr, *, untold: Collection[str] = ()) -> None:
        """`condition` as `glane.conditions.read_condition` gives it. Values of the columns `untold` are never told."""
        self._compared = []
        for asked, texts in map(_told, compared(as_tree(condition))):
            columns = tuple(dict.fromkeys(asked.meta.root_names()))
            if texts:
                values: set[str] | None = None if set(columns) & set(untold) else set()
                self._compared.append(_Compared(asked, columns, set(texts), values))

    def look(self, rows: pl.DataFrame) -> None:
        """Take note of what the rows hold. What cannot be computed is left to who computes the condition."""
        for one in self._compared:
            if not one.unmet:
                continue
            try:
                found = plain_texts(rows).select(one.asked.alias("_")).to_series()
            except (pl.exceptions.PolarsError, ValueError, TypeError):
                one.unmet.clear()
                continue
            found = found.explode() if isinstance(found.dtype, pl.List) else found
            if found.dtype != pl.String():
                one.unmet.clear()
                continue
            values = set(found.drop_nulls().unique())
            one.unmet -= values
            one.num_met += len(found)
            one.values = None if one.values is None or len(one.values | values) > _MOST_VALUES else one.values | values

    def notes(self, place: str) -> tuple[str, ...]:
        """A sentence for each text that no row had. `place` is the setting that names it."""
        return tuple(
            f"{place}: no row has {text!r} in {' and '.join(one.columns)}{_nearest(text, one)}"
            for one in self._compared
            for text in sorted(one.unmet)
        )


def _told(pair: tuple[Any, Any]) -> tuple[pl.Expr, list[str]]:
    asked, literal = pair
    if literal is None:
        return pl.lit(None), []
    try:
        texts = pl.select(as_expression(literal).explode()).to_series()
        return as_expression(asked), [] if texts.dtype != pl.String() else texts.drop_nulls().to_list()
    except TooDeep:
        return pl.lit(None), []


def _nearest(text: str, one: _Compared) -> str:
    """The value that is meant, perhaps: alike but for case and a few letters.

    None of a column of texts is told. What could be a text there, by its blanks or its length, is told only to who has
    written nearly the same.
    """
    values = one.values or set()
    are_categories = _LEAST_REPEATED * len(values) <= one.num_met
    folded = {value.casefold(): value for value in sorted(values)} if are_categories else {}
    for near in difflib.get_close_matches(text.casefold(), folded, n=1, cutoff=0.6):
        value = folded[near]
        is_known = difflib.SequenceMatcher(None, text.casefold(), near).ratio() >= _NEARLY_THE_SAME
        if is_known or told(value) == repr(value):
            return f"; the nearest that is there is {shown(value)!r}"
    return ""
