"""What the rows of tables count, so that rows of different tables are known to be sums of the same parts.

A row stands for a set of values of each key: days, ages, places, groups. The values of all tables together are cut into
parts that no table cuts further. Each row is a sum of combinations of such parts, and each combination is an unknown
number of the one who wants to find out what was suppressed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from glane.errors import ConfigError
from glane.validation import Strict

MOST_PARTS = 20_000


class Span(Strict):
    """A set of values of one key."""

    ranges: tuple[tuple[int, int], ...] = ()  # of days or ages: from the first on, below the second
    labels: tuple[str, ...] = ()  # of places or groups
    unknown: bool = False  # whether values that are not known are in it


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The rows of a table. A key that a table does not have is summed over all of its values."""

    spans: Mapping[str, tuple[Span, ...]]  # of each key: all that its rows stand for
    rows: NDArray[np.int64]  # (rows, keys): the span of each key

    def names(self) -> list[tuple[tuple[str, Span], ...]]:
        """What each row counts: equal for rows of two tables that count the same."""
        keys = sorted(self.spans)
        order = [list(self.spans).index(key) for key in keys]
        return [
            tuple((key, self.spans[key][row[place]]) for key, place in zip(keys, order, strict=True))
            for row in self.rows
        ]

    def chosen(self, which: NDArray[np.bool_]) -> Layout:
        """Some of the rows."""
        return Layout(spans=self.spans, rows=self.rows[which])


def sums(layouts: Sequence[Layout]) -> list[csr_array]:
    """For each table, which parts each of its rows is the sum of: 1 or 0, (rows, parts).

    Raises:
        ConfigError: if there are more parts than can be searched.
    """
    keys = sorted({key for one in layouts for key in one.spans})
    cut = {key: _cut(key, layouts) for key in keys}
    shape = tuple(next(iter(cut[key].values())).shape[0] for key in keys)
    if math.prod(shape) > MOST_PARTS:
        raise ConfigError(
            f"table.disclosure: the table, with all tables of its register, has {math.prod(shape):,} parts by "
            f"{', '.join(keys)}; at most {MOST_PARTS:,} are searched. Choose longer periods, regions, fewer classes or "
            "groups, or method: cell_key."
        )
    return [_summed(one, keys, cut, shape) for one in layouts]


_Cut = dict[Span | None, NDArray[np.bool_]]  # of each span, and of all values: the parts in it


def _cut(key: str, layouts: Sequence[Layout]) -> _Cut:
    """The parts of a key: values that no table tells apart are one."""
    spans = list(dict.fromkeys(span for one in layouts for span in one.spans.get(key, ())))
    edges = sorted({edge for span in spans for pair in span.ranges for edge in pair})
    labels = sorted({label for span in spans for label in span.labels})
    columns = [
        *([any(low <= a and b <= high for low, high in one.ranges) for one in spans] for a, b in pairwise(edges)),
        *([label in one.labels for one in spans] for label in labels),
        [one.unknown for one in spans],
    ]
    table = np.array(columns, dtype=bool).T
    kept = np.unique(table[:, table.any(axis=0)], axis=1)
    return {**dict(zip(spans, kept, strict=True)), None: np.ones(kept.shape[1], dtype=bool)}


def _summed(layout: Layout, keys: Sequence[str], cut: Mapping[str, _Cut], shape: tuple[int, ...]) -> csr_array:
    own = list(layout.spans)
    inside = {key: [np.flatnonzero(cut[key][span]) for span in layout.spans[key]] for key in own}
    every = {key: np.flatnonzero(cut[key][None]) for key in keys}
    columns: list[NDArray[np.int64]] = []
    for row in layout.rows:
        at = dict(zip(own, row, strict=True))
        chosen = [inside[key][at[key]] if key in at else every[key] for key in keys]
        columns.append(np.ravel_multi_index(np.ix_(*chosen), shape).ravel() if keys else np.zeros(1, dtype=np.int64))
    ends = np.cumsum([0, *map(len, columns)])
    places = np.concatenate(columns) if columns else np.zeros(0, dtype=np.int64)
    return csr_array((np.ones(len(places)), places, ends), shape=(len(layout.rows), math.prod(shape)))
