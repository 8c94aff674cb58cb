"""The cells of a table, counted, and their sums over margins: one set of draws, so that all sums agree."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from glane.surveillance.corrected import Corrected
from glane.surveillance.dimensions import Key

Floats = NDArray[np.float64]
CELL, ROW = "__cell", "__row"
COUNTS = ("documents", "failed", "reviewed", "model")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Cells with a document: `table` has the keys, and COUNTS of each."""

    table: pl.DataFrame
    corrected: Corrected | None

    def margin(self, keys: Sequence[str], domains: Mapping[str, list[Key]]) -> Margin:
        """The sums over all that is not in `keys`: a row for each combination of their values, zeros among them.

        Args:
            keys: Of the rows, in the order of the result.
            domains: All values of each.
        """
        grid = _grid(keys, domains, self.table.schema)
        places = self._places(keys, grid)
        kept = places >= 0
        at = places[kept]
        counts = {name: np.bincount(at, self.table[name].to_numpy()[kept], grid.height) for name in COUNTS}
        rows = grid.with_columns(pl.Series(name, values.astype(np.int64)) for name, values in counts.items())
        if self.corrected is None:
            return Margin(rows=rows, estimate=None, draws=None)
        if len(keys) == 1 and self.corrected.by_key:
            return self._alone(rows, places, self.keys.index(keys[0]))
        there, column = np.unique(at, return_inverse=True)
        sums = csr_array((np.ones(len(at)), (np.arange(len(at)), column)), shape=(len(at), len(there)))
        return Margin(
            rows=rows, estimate=np.bincount(at, self.corrected.estimate[kept], grid.height).astype(np.float64),
            draws=Draws(values=self.corrected.draws[:, kept] @ sums, rows=there),
        )  # fmt: skip

    def _alone(self, rows: pl.DataFrame, places: NDArray[np.int64], number: int) -> Margin:
        """The rows by one key, as it is corrected by itself: small cells can agree with it in part alone.

        Args:
            rows: Of the margin.
            places: The row of each cell; -1 if it has none.
            number: Of the key.
        """
        assert self.corrected is not None
        found, estimate = self.corrected.by_key[number], np.zeros(rows.height)
        answered = np.flatnonzero((places >= 0) & (self.table["documents"].to_numpy() > 0))
        there, first = np.unique(places[answered], return_index=True)
        groups = found.groups[answered[first]]
        estimate[there] = found.estimate[groups]
        return Margin(rows=rows, estimate=estimate, draws=Draws(values=found.draws[:, groups], rows=there))

    @property
    def keys(self) -> list[str]:
        """The keys, in their order."""
        return [name for name in self.table.columns if name not in (*COUNTS, CELL)]

    def _places(self, keys: Sequence[str], grid: pl.DataFrame) -> NDArray[np.int64]:
        """The row of the grid that each cell is summed into; -1 if it has none of them."""
        if not keys:
            return np.zeros(self.table.height, dtype=np.int64)
        cells = self.table.select(keys)
        joined = cells.join(grid, on=list(keys), how="left", nulls_equal=True, maintain_order="left")
        return joined[ROW].fill_null(-1).cast(pl.Int64).to_numpy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draws:
    """Draws of the sums of those rows of a margin that have a document."""

    values: Floats  # (draws, rows with a document)
    rows: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Margin:
    """Rows of a table by some of its keys."""

    rows: pl.DataFrame  # the keys, COUNTS, and ROW
    estimate: Floats | None  # (rows,)
    draws: Draws | None


def margins(keys: Sequence[str]) -> list[tuple[str, ...]]:
    """All sets of keys that a table has rows by, the total first, the full table last."""
    return [chosen for num in range(len(keys) + 1) for chosen in itertools.combinations(keys, num)]


def counted(
    rows: pl.DataFrame, failed: pl.DataFrame, keys: Sequence[str], *, is_case: str, is_reviewed: str
) -> pl.DataFrame:
    """One row for each combination of keys that has a document, in their order: COUNTS, and its number in CELL."""
    of_rows = rows.select(
        *keys, pl.lit(1).alias("documents"), pl.lit(0).alias("failed"),
        pl.col(is_reviewed).cast(pl.Int32).alias("reviewed"), pl.col(is_case).cast(pl.Int32).alias("model"),
    )  # fmt: skip
    of_failed = failed.select(
        *keys, pl.repeat(0, pl.len()).alias("documents"), pl.lit(1).alias("failed"), pl.lit(0).alias("reviewed"),
        pl.lit(0).alias("model"),
    )  # fmt: skip
    together = pl.concat([of_rows, of_failed.select(of_rows.columns).cast(of_rows.schema)])
    if not keys:
        return together.sum().with_columns(pl.lit(0, pl.UInt32).alias(CELL))
    found = together.group_by(keys).agg(pl.col(name).sum() for name in COUNTS)
    return found.sort(keys, nulls_last=True).with_row_index(CELL)


def cell_numbers(rows: pl.DataFrame, table: pl.DataFrame, keys: Sequence[str]) -> NDArray[np.int64]:
    """The number of each document's cell."""
    if not keys:
        return np.zeros(rows.height, dtype=np.int64)
    cells = table.select(*keys, CELL)
    found = rows.select(keys).join(cells, on=list(keys), how="left", nulls_equal=True, maintain_order="left")
    return found[CELL].cast(pl.Int64).to_numpy()


def _grid(keys: Sequence[str], domains: Mapping[str, list[Key]], types: Mapping[str, pl.DataType]) -> pl.DataFrame:
    """All combinations of the values of keys, in order, and the number of each in ROW."""
    found = pl.DataFrame({ROW: [0]})
    for key in keys:
        found = found.join(pl.DataFrame({key: pl.Series(key, domains[key], types[key])}), how="cross")
    return found.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias(ROW))
