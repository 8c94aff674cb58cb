"""The specifications as a table, one row each."""

from __future__ import annotations

from typing import Any

import polars as pl

from glane.assess.multiverse.record import Figure, MultiverseSummary


def specifications_table(summary: MultiverseSummary) -> pl.DataFrame:
    """One row per specification, in the order of the summary. Corrected figures are null without gold."""
    rows: list[dict[str, Any]] = []
    for one in summary.specifications:
        row: dict[str, Any] = {
            "run": one.run,
            "fingerprint": one.fingerprint,
            "task": one.task,
            "model": one.model_name,
        }
        row |= {"wording_level": one.wording, "model_level": one.model, "reading_level": one.reading}
        row["settings"] = ", ".join(f"{key}={value}" for key, value in one.settings.items())
        row |= {"is_chosen": one.run == summary.chosen, "documents": one.documents}
        row["without_values"] = one.without_values
        row |= _columns("figure", one.figure) | _columns("difference", one.difference)
        row |= _columns("corrected", one.corrected or Figure(value=None))
        row["method"] = None if one.corrected is None else one.corrected.method
        row["reviewed"] = None if one.corrected is None else one.corrected.reviewed
        rows.append(row)
    schema: dict[str, Any] = dict.fromkeys(rows[0], pl.Float64)
    texts = ("run", "fingerprint", "task", "model", "wording_level", "model_level", "reading_level", "settings")
    schema |= dict.fromkeys((*texts, "method"), pl.String) | {"is_chosen": pl.Boolean}
    schema |= dict.fromkeys(("documents", "without_values", "reviewed"), pl.Int64)
    return pl.DataFrame(rows, schema=schema)


def _columns(name: str, figure: Figure) -> dict[str, float | None]:
    return {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
