"""Places of a table from which no document came, where rates are of people: nobody knows whether they report."""

from __future__ import annotations

from dataclasses import dataclass

from glane.settings.table import DOCUMENTS
from glane.surveillance.record import TableSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class SilentPlaces:
    """Of a table whose rates are of a population."""

    num: int
    codes: str  # with commas
    is_declared: bool  # `table.place.only` names them: their people are in denominators


def silent_places(summary: TableSummary) -> SilentPlaces | None:
    """Those of a table; None if there are none, or rates are of no population."""
    place, denominator = summary.definition.place, summary.definition.denominator
    if place is None or denominator in (None, DOCUMENTS) or not summary.silent:
        return None
    return SilentPlaces(
        num=len(summary.silent), codes=", ".join(summary.silent), is_declared=bool(place.only)
    )  # fmt: skip
