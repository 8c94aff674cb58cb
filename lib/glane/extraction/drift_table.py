"""What the sentinels of a run say, as a table of its fields."""

from __future__ import annotations

from typing import Any

import polars as pl

from glane.drift import Drift

_COLUMNS: dict[str, Any] = {
    "field": pl.String, "verdict": pl.String, "documents": pl.Int64, "equal": pl.Int64, "equal_share": pl.Float64,
    "equal_low": pl.Float64, "equal_high": pl.Float64, "what": pl.String, "then": pl.Float64, "now": pl.Float64,
    "f1_then": pl.Float64, "f1_now": pl.Float64, "p_holm": pl.Float64, "positives": pl.String, "known": pl.Int64,
    "lost": pl.Int64,
}  # fmt: skip


def drift_table(found: Drift) -> pl.DataFrame:
    """A row for each field: whether it drifted, and the figures and tests that say so."""
    rows = []
    for one in found.fields:
        low, high = one.equal_ci95
        figure = {} if not one.figures else one.figures[0].model_dump()
        gold = {} if one.gold is None else one.gold.model_dump()
        worst = min(one.positives, key=lambda kind: kind.p, default=None)
        lost = {} if worst is None else {"positives": worst.what, "known": worst.known, "lost": worst.lost}
        ps = [one.p_holm, None if one.gold is None else one.gold.p_holm, *(kind.p_holm for kind in one.positives)]
        least = min((p for p in ps if p is not None), default=None)
        row = {**one.model_dump(exclude={"positives"}), **figure, **gold, **lost, "p_holm": least}
        row |= {"equal_low": low, "equal_high": high}
        rows.append({name: row.get(name) for name in _COLUMNS})
    return pl.DataFrame(rows, schema=_COLUMNS)
