"""Why a column stays text though its cells look like numbers or dates, and what helps. It shows no cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from glane.tables.census import MARKERS
from glane.tables.kinds import MOST_DIGITS, SPACED, Kind

_NEAR = 0.5  # share of cells from which on a column was nearly of a kind, which is told
_SAID = {
    "signed": (
        "numbers with a sign such as % or €: take it away where the table is made, if they are to be compared as "
        "numbers"
    ),
    "hours": "times of day or durations, which are compared as texts: write 09:05, not 9:05",
    "short_years": "dates whose years have two digits, so that the century is not known: write four",
    "plus": "numbers with a plus in front: take it away where the table is made, if they are no telephone numbers",
}
_Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a column stays text; and the options of delimited text that decide, if some do."""

    why: str
    options: str = ""

    @property
    def said(self) -> str:
        """The reason and the remedy, for delimited text."""
        return f"{self.why}; {self.options}" if self.options else self.why


def doubt_of_numbers(counts: _Counts, readings: Sequence[Kind]) -> Doubt | None:
    """Why a column whose cells are numbers is not taken as such. `readings` are the kinds that all its cells can be."""
    cells = counts["cells"]
    if counts["zeros"] and counts["zeros"] + counts[Kind.WHOLE] == cells:
        return Doubt("numbers with zeros in front")
    if kind := next((one for one in readings if one in SPACED), None):
        return Doubt(
            f"{counts[f'{kind}:groups']} of {cells} cells have spaces between groups of three digits, as numbers and "
            "identifiers have them",
            "data.thousands=space says that they are numbers",
        )
    for kind, sign in ((Kind.POINT, "point"), (Kind.COMMA, "comma")):
        if kind in readings and counts[f"{kind}:twofold"] == counts[kind]:
            return Doubt(
                f"{counts[kind]} of {cells} cells have a {sign} before three digits, between thousands or before "
                "decimals",
                f"data.thousands={sign} or data.decimal={sign} says which",
            )
        if kind in readings:
            return Doubt(
                f"numbers with a decimal {sign}, and the file has the other sign or separates cells with it",
                f"data.decimal={sign} says that it is one",
            )
    for real in (Kind.POINT, Kind.COMMA):
        if counts[real] and counts[real] + counts[Kind.WHOLE] == cells:
            return Doubt(f"a number with decimals keeps {MOST_DIGITS} digits, and whole numbers of it have more")
    return _mixed(counts)


def _mixed(counts: _Counts) -> Doubt | None:
    """Why numbers that are written in several ways are not taken."""
    if counts["number"] < counts["cells"]:
        return None
    points, commas = counts[Kind.POINT], counts[Kind.COMMA]
    if points and commas:
        return Doubt(
            f"numbers of which {points} have a point and {commas} a comma, so that neither is the decimal sign: write "
            "them alike where the table is made"
        )
    if counts["plus"]:
        return _look("plus", counts)
    return Doubt(
        "numbers that are not all written in one way, or of more digits than are kept: write them alike where the "
        "table is made, if they are to be compared"
    )


def doubt_of_dates(counts: _Counts, told: Kind | None = None) -> Doubt:
    """Why a column whose cells are dates such as 31/01/2024 is not taken as such."""
    cells, first, second = counts["cells"], counts["first"], counts["second"]
    if told is not None:
        return Doubt(f"{cells - counts[told]} of {cells} cells are no {told}")
    if first and second:
        return Doubt(
            f"dates of which {first} cells have the day first and {second} the month first: mend them where the table "
            "is made"
        )
    options = "set data.dates=day_first or month_first"
    if first or second:
        return Doubt(
            f"dates of which only {first or second} of {cells} cells show whether the day or the month comes first",
            options,
        )
    return Doubt("dates of which no cell shows whether the day or the month comes first", options)


def doubt_of_text(counts: _Counts, last: _Counts, near: Mapping[Kind, int]) -> Doubt | None:
    """Why a column of which many cells are numbers or dates is neither; None where few are.

    Args:
        counts: of the cells of the column.
        last: of its last cell.
        near: how many cells are of the kinds that the column could be.
    """
    return _looks(counts) or _nearly(counts, last, near)


def _looks(counts: _Counts) -> Doubt | None:
    look = max(_SAID, key=lambda one: counts[one])
    return _look(look, counts) if counts[look] >= max(1, _NEAR * counts["cells"]) else None


def _look(look: str, counts: _Counts) -> Doubt:
    return Doubt(f"{counts[look]} of {counts['cells']} cells are {_SAID[look]}")


def _nearly(counts: _Counts, last: _Counts, near: Mapping[Kind, int]) -> Doubt | None:
    cells, kind = counts["cells"], max(near, key=lambda one: near[one])
    rest = cells - near[kind]
    if near[kind] < _NEAR * cells or not rest:
        return None
    why = f"{rest} of {cells} cells are no {kind}"
    if rest == counts["marker"]:
        return Doubt(f"{why}, but marks as {', '.join(MARKERS[:3])}", "data.null_values=[NA] says so")
    is_last = last.get("cells", 0) == 1 and not any(last[one] for one in (kind, "exact", "number"))
    if rest == 1 and is_last:
        return Doubt(f"{why}: the last row alone, which may be one of totals; take it out of the table")
    return Doubt(why)
