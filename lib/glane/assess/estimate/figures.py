"""Estimated figures, and their table."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """One estimated figure. `estimate`, `low` and `high` are None where the sample cannot tell."""

    group: str | int | float | bool | datetime.date | None
    term: str | None  # of a regression: the covariate
    estimate: float | None
    low: float | None
    high: float | None
    method: str  # ppi, rogan_gladen or gold_only
    n_gold: int  # reviewed documents
    n_run: int  # documents of the run
    model: float | None  # the same figure from the model's answers alone
    tuning: float | None  # how far the model's answers count: 0 not at all
    rows_gold_only: int | None = None  # to review for the wanted half-width
    rows_ppi: int | None = None
    note: str | None = None


def as_table(found: Sequence[Estimate]) -> pl.DataFrame:
    """The estimates as a table, one row each."""
    names = list(Estimate.__dataclass_fields__)
    kinds: dict[str, type[pl.DataType]] = {
        "term": pl.String, "estimate": pl.Float64, "low": pl.Float64, "high": pl.Float64, "method": pl.String,
        "n_gold": pl.Int64, "n_run": pl.Int64, "model": pl.Float64, "tuning": pl.Float64, "rows_gold_only": pl.Int64,
        "rows_ppi": pl.Int64, "note": pl.String,
    }  # fmt: skip
    return pl.DataFrame(
        {name: pl.Series(name, [getattr(one, name) for one in found], kinds.get(name)) for name in names}
    )


def joined_notes(*notes: str | None) -> str | None:
    """Several notes as one; None without any."""
    return "; ".join(note for note in notes if note) or None
