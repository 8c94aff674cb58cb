"""Rows of a corrected table of which nothing was reviewed: what the others tell corrects them."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from glane.surveillance.figures import ALL
from glane.surveillance.record import TableSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreviewedRows:
    """Rows with documents, and those of them without a reviewed one."""

    rows: int
    unreviewed: int


def unreviewed_rows(summary: TableSummary, rows: pl.DataFrame) -> UnreviewedRows | None:
    """Those of a table; None if there are none, nothing was reviewed at all, or it may not be told."""
    if summary.method is None or not summary.reviewed:
        return None
    found = rows.filter((pl.col("margin") != ALL) & (pl.col("documents") > 0))
    unreviewed = found.filter(pl.col("reviewed") == 0).height  # null where a rule of disclosure keeps it
    return UnreviewedRows(rows=found.height, unreviewed=unreviewed) if unreviewed else None
