"""Estimated figures, and their table."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from glane.assess.estimate.question import Question
from glane.assess.estimate.record import Estimate

REVIEWERS_ERR = 0.01


def as_table(found: Sequence[Estimate]) -> pl.DataFrame:
    """The estimates as a table, one row each."""
    names = list(Estimate.__dataclass_fields__)
    kinds: dict[str, type[pl.DataType]] = {
        "term": pl.String, "estimate": pl.Float64, "low": pl.Float64, "high": pl.Float64, "method": pl.String,
        "n_gold": pl.Int64, "n_run": pl.Int64, "model": pl.Float64, "tuning": pl.Float64, "rows_gold_only": pl.Int64,
        "rows_ppi": pl.Int64, "note": pl.String, "band_low": pl.Float64, "band_high": pl.Float64,
        "n_failed": pl.Int64, "clusters": pl.Int64, "design_effect": pl.Float64,
        "if_failed_no": pl.Float64, "if_failed_yes": pl.Float64,
    }  # fmt: skip
    return pl.DataFrame(
        {name: pl.Series(name, [getattr(one, name) for one in found], kinds.get(name)) for name in names}
    )


def if_reviewers_err(one: Estimate, question: Question) -> tuple[float, float] | None:
    """A share or count if reviewers were wrong in REVIEWERS_ERR of the documents, all in one direction or the other.

    None of other figures, and where there is no estimate.
    """
    if one.estimate is None or not question.is_share:
        return None
    whole = one.n_run if question.what == "count" else 1
    return max(0.0, one.estimate - REVIEWERS_ERR * whole), min(float(whole), one.estimate + REVIEWERS_ERR * whole)


def is_planned(one: Estimate) -> bool:
    """Whether a figure tells how many documents to review: those of a table that is made as a whole do not."""
    return one.estimate is not None and one.method not in ("pooled", "transported")


def joined_notes(*notes: str | None) -> str | None:
    """Several notes as one; None without any."""
    return "; ".join(note for note in notes if note) or None
