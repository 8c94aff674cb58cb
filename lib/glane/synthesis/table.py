"""The evidence table as columns that R's metafor takes: ai, n1i, ci, n2i; m1i, sd1i, m2i, sd2i; estimate, low, high."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import polars as pl

from glane.synthesis.effect import USUAL_LEVEL, Effect, as_points
from glane.synthesis.record import AnalysisTold
from glane.synthesis.studies import Row

SCHEMA = {
    "study": pl.String, "label": pl.String, "id": pl.String, "item": pl.Int64, "analysis": pl.String,
    "use": pl.Boolean, "state": pl.String, "signs": pl.String, "measure": pl.String, "basis": pl.String,
    "outcome": pl.String, "comparison": pl.String, "follow_up": pl.String, "subgroup": pl.String,
    "ai": pl.Int64, "n1i": pl.Int64, "ci": pl.Int64, "n2i": pl.Int64,
    "m1i": pl.Float64, "sd1i": pl.Float64, "m2i": pl.Float64, "sd2i": pl.Float64,
    "estimate": pl.Float64, "low": pl.Float64, "high": pl.Float64, "level": pl.Float64,
    "adjusted": pl.Boolean, "clustered": pl.Boolean, "p_value": pl.String, "bias": pl.String, "quote": pl.String,
}  # fmt: skip
"""The columns of the table. A difference of risks is a proportion, also where it is written in points."""


def effects_table(rows: Sequence[Row], bias: Mapping[str, str | None] | None = None) -> pl.DataFrame:
    """One row per effect, by analysis and study. `bias`: the overall risk of each report, by its id."""
    ordered = sorted(rows, key=lambda row: (row.analysis, row.study.label, row.effect.report, row.effect.item))
    return pl.DataFrame(
        [{**_cells(row), "bias": (bias or {}).get(row.effect.report)} for row in ordered], schema=SCHEMA
    )


def _cells(row: Row) -> dict[str, object]:
    effect, by = row.effect, as_points(row.effect)
    first, second = effect.intervention, effect.comparator
    return {
        "study": row.study.id, "label": row.study.label, "id": effect.report, "item": effect.item,
        "analysis": row.analysis, "use": row.state == "used", "state": row.state, "signs": " ".join(row.signs) or None,
        "measure": row.pooled_as, "basis": effect.basis, "outcome": effect.outcome, "comparison": effect.comparison,
        "follow_up": effect.follow_up, "subgroup": effect.subgroup, "ai": first.events, "n1i": first.total,
        "ci": second.events, "n2i": second.total, "m1i": first.mean, "sd1i": first.sd, "m2i": second.mean,
        "sd2i": second.sd, "estimate": _divided(effect.estimate, by), "low": _divided(effect.low, by),
        "high": _divided(effect.high, by), "level": effect.level or USUAL_LEVEL, "adjusted": effect.is_adjusted,
        "clustered": effect.is_clustered, "p_value": effect.p_value, "quote": effect.quote,
    }  # fmt: skip


def _divided(value: float | None, by: float) -> float | None:
    return None if value is None else value / by


def written(effect: Effect) -> str:
    """The numbers of an effect as the document has them, in short."""
    parts = []
    first, second = effect.intervention, effect.comparator
    if effect.has_counts:
        parts.append(f"{first.events}/{first.total} – {second.events}/{second.total}")
    if first.has_means and second.has_means:
        parts.append(f"{first.mean:g} ({first.sd:g}; {first.total}) – {second.mean:g} ({second.sd:g}; {second.total})")
    if effect.estimate is not None:
        ends = f" [{effect.low:g}, {effect.high:g}]" if effect.low is not None and effect.high is not None else ""
        parts.append(f"{effect.measure or '?'} {effect.estimate:g}{ends}")
    return "; ".join(parts)


def analyses_told(rows: Sequence[Row]) -> tuple[AnalysisTold, ...]:
    """Of each analysis, how many studies it uses."""
    used: dict[str, set[str]] = defaultdict(set)
    others: Counter[str] = Counter()
    for row in rows:
        if row.state == "used":
            used[row.analysis].add(row.study.id)
        else:
            others[row.analysis] += 1
    return tuple(
        AnalysisTold(analysis=name, studies=len(used[name]), rows_not_used=others[name])
        for name in sorted({row.analysis for row in rows if row.pooled_as is not None})
    )
