"""The claims of a brief as tables, and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import polars as pl

from glane.briefs.record import Claim, Measure, Value

_QUOTE = pl.Struct(
    {
        "number": pl.Int64, "document": pl.String, "text": pl.String, "start": pl.Int64, "end": pl.Int64,
        "day": pl.Date, "place": pl.String,
    }
)  # fmt: skip
_CLAIMS: dict[str, pl.DataType] = {
    "id": pl.String(), "kind": pl.String(), "status": pl.String(), "fr": pl.String(), "en": pl.String(),
    "measure": pl.String(), "value": pl.String(), "documents": pl.List(pl.String), "quotes": pl.List(_QUOTE),
    "checks": pl.List(pl.Struct({"name": pl.String, "passed": pl.Boolean})),
}  # fmt: skip
_MEASURES: dict[str, pl.DataType] = {
    "id": pl.String(), "name": pl.String(), "kind": pl.String(), "unit": pl.String(), "case": pl.String(),
    "among": pl.String(), "first_day": pl.Date(), "last_day": pl.Date(), "place": pl.String(), "group": pl.String(),
    "value": pl.Float64(), "low": pl.Float64(), "high": pl.Float64(), "model": pl.Float64(), "counted": pl.Int64(),
    "documents": pl.Int64(), "failed": pl.Int64(), "unknown": pl.Int64(),
    "before": pl.Int64(), "documents_before": pl.Int64(),
    "p": pl.Float64(), "reviewed": pl.Int64(), "reviewed_here": pl.Int64(), "note": pl.String(),
    "is_incomplete": pl.Boolean(), "is_mixed": pl.Boolean(),
    "is_drifted": pl.Boolean(),
    "fr": pl.String(), "en": pl.String(),
}  # fmt: skip


def claims_table(claims: Sequence[Claim]) -> pl.DataFrame:
    """One row per claim; measures and values are JSON."""
    rows = [_row(one) for one in claims]
    return pl.DataFrame(rows, schema=_CLAIMS, orient="row")


def _row(claim: Claim) -> dict[str, Any]:
    told = claim.model_dump()
    for name in ("measure", "value"):
        one = getattr(claim, name)
        told[name] = None if one is None else one.model_dump_json()
    return {name: list(told[name]) if isinstance(told[name], tuple) else told[name] for name in _CLAIMS}


def claims_of(table: pl.DataFrame) -> list[Claim]:
    """The claims of such a table."""
    found = []
    for row in table.iter_rows(named=True):
        for name in ("measure", "value"):
            row[name] = None if row[name] is None else json.loads(row[name])
        found.append(Claim.model_validate(row))
    return found


def measures_table(claims: Sequence[Claim]) -> pl.DataFrame:
    """One row per figure."""
    rows = [_measured(one, one.measure, one.value) for one in claims if one.measure and one.value]
    return pl.DataFrame(rows, schema=_MEASURES, orient="row")


def _measured(claim: Claim, measure: Measure, value: Value) -> dict[str, Any]:
    days = {} if measure.period is None else {"first_day": measure.period.first, "last_day": measure.period.last}
    place = {} if measure.place is None else {"place": measure.place.value}
    told = {**measure.model_dump(), **value.model_dump(), "id": claim.id, "fr": claim.fr, "en": claim.en}
    told |= {"first_day": None, "last_day": None, "place": None, **days, **place}
    return {name: told[name] for name in _MEASURES}
