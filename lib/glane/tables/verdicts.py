"""What columns of text are, by the counts of their cells. Only what all cells of a column say counts.

What can be read in two ways stays text, and is told with what decides. A number such as 1.250 is one: a thousand two
hundred and fifty, or one and a quarter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from glane.tables.census import Census
from glane.tables.doubts import Doubt, doubt_of_dates, doubt_of_numbers, doubt_of_text
from glane.tables.kinds import GROUPS, SLASHED_KINDS, SPACED, Kind, Verdict
from glane.tables.reading import listed

Dates = Literal["guess", "day_first", "month_first", "text"]
Sign = Literal[",", "."]
_LEAST_SHOWN = 2  # cells that show whether the day or the month comes first: one may be mistyped
_LEAST_SHARE = 0.2  # of them among all; of days of a year, three of five do
_Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """The signs of numbers in a file: as told, or as its cells show."""

    decimal: Sign | None = None
    thousands: Literal[",", ".", " "] | None = None
    is_told: bool = False  # the decimal sign
    separator: str = ""

    def allow(self, kind: Kind) -> bool:
        """Whether what was told leaves room for a kind of number."""
        if kind in GROUPS:
            thousands, decimal = GROUPS[kind]
            is_thousands = self.thousands is None or self.thousands in thousands
        else:
            decimal = "." if kind == Kind.POINT else ","
            is_thousands = self.thousands != decimal
        return is_thousands and (not self.is_told or decimal == self.decimal)

    def decide(self, kind: Kind) -> bool:
        """Whether a kind is meant where another reading of the cells is possible.

        Files with commas between cells come of places where no number has a decimal comma, and the others of places
        where it has: there, points with three digits behind are decimals in what a machine wrote, and thousands else.
        """
        if kind in SPACED:
            return self.thousands == " "
        if self.is_told or self.thousands is not None:
            return True
        usual = "." if self.separator == "," else ","
        return self.decimal == usual and kind == (Kind.POINT if usual == "." else Kind.COMMA)


def signs_of(census: Census, separator: str, *, decimal: Sign | None, thousands: str | None) -> Signs:
    """The signs of a file: as told, or of most cells of its columns of numbers that can be read in one way only.

    Of as many points as commas, the comma is the decimal sign where semicolons separate cells.
    """
    told = decimal or {",": ".", ".": ","}.get(thousands or "")
    if told is not None:
        return Signs(decimal=told, thousands=thousands, is_told=True, separator=separator)  # type: ignore[arg-type]
    votes = {sign: sum(_votes(census.of(name), sign) for name in census.names) for sign in (".", ",")}
    if separator == ",":
        votes[","] = 0
    found: Sign | None = None
    if any(votes.values()):
        is_comma = votes[","] > votes["."] or (votes[","] == votes["."] and separator == ";")
        found = "," if is_comma else "."
    return Signs(decimal=found, thousands=thousands, separator=separator)  # type: ignore[arg-type]


def _votes(counts: _Counts, sign: str) -> int:
    """The cells of a column that show the decimal sign, if the column is numbers throughout with it."""
    if not counts.get("cells"):
        return 0
    real = Kind.POINT if sign == "." else Kind.COMMA
    plain = counts[real] - counts[f"{real}:twofold"] if counts[real] + counts["exact"] == counts["cells"] else 0
    grouped = [
        counts[f"{kind}:decimals"]
        for kind, (_, decimal) in GROUPS.items()
        if decimal == sign and counts[kind] == counts["cells"] and _shows(kind, counts)
    ]
    return max(plain, *grouped, 0)


def _shows(kind: Kind, counts: _Counts) -> bool:
    """Whether a column of grouped numbers can be nothing else."""
    if kind in SPACED:
        return counts[f"{kind}:groups"] > 0 and counts[f"{kind}:shown"] + counts[f"{kind}:decimals"] > 0
    return counts[f"{kind}:shown"] > 0


def verdicts(census: Census, *, signs: Signs, dates: Dates) -> tuple[dict[str, Verdict], list[str], dict[str, Doubt]]:
    """The kind of each column, notes of what columns were made, and why others stay text though most says otherwise.

    Dates such as 03/04/2025 are taken if cells of the column show which number is the day: one is above 12 in some
    cells, and the other in none.
    """
    found: dict[str, Verdict] = {}
    doubts: dict[str, Doubt] = {}
    for name in census.names:
        counts = census.of(name)
        made = _verdict(counts, census.last.get(name, {}), signs, dates) if counts.get("cells") else None
        if isinstance(made, Doubt):
            doubts[name] = made
        found[name] = made if isinstance(made, Verdict) else Verdict(Kind.TEXT)
    return found, _made(found), doubts


def _made(found: Mapping[str, Verdict]) -> list[str]:
    by_kind = {kind: [name for name, one in found.items() if one.kind == kind] for kind in Kind}
    notes = [
        f"read as dates ({'day/month/year' if kind == Kind.DAY_FIRST else 'month/day/year'}): {listed(by_kind[kind])}"
        for kind in SLASHED_KINDS
        if by_kind[kind]
    ]
    others = [kind for kind in Kind if kind != Kind.TEXT and kind not in SLASHED_KINDS]
    return notes + [f"read as {kind.value}: {listed(by_kind[kind])}" for kind in others if by_kind[kind]]


def _verdict(counts: _Counts, last: _Counts, signs: Signs, dates: Dates) -> Verdict | Doubt | None:
    cells = counts["cells"]
    plain = {Kind.BOOLEAN: counts[Kind.BOOLEAN], Kind.WHOLE: counts[Kind.WHOLE]}
    moments = {Kind.DAY: counts[Kind.DAY], Kind.TIME: counts[Kind.TIME] + counts[Kind.DAY]} if dates != "text" else {}
    for kind, count in (plain | moments).items():
        if count == cells:
            return Verdict(kind)
    number = _number(counts, signs)
    if number is not None:
        return number
    if dates != "text" and counts["slashed"] == cells:
        return _slashed(counts, dates)
    slashed = {kind: counts[kind] for kind in SLASHED_KINDS} if dates != "text" else {}
    real = {kind: counts[kind] + counts["exact"] for kind in (Kind.POINT, Kind.COMMA) if counts[kind]}
    spaced = {kind: counts[kind] for kind in SPACED if counts[f"{kind}:groups"]}
    near = plain | real | spaced | moments | slashed
    return doubt_of_text(counts, last, near)


def _number(counts: _Counts, signs: Signs) -> Verdict | Doubt | None:
    """The column as numbers with decimals or groups; why it is not; or None if not all of its cells are numbers."""
    readings = [kind for kind in (Kind.POINT, Kind.COMMA, *GROUPS) if _fits(kind, counts)]
    allowed = [kind for kind in readings if signs.allow(kind)]
    sure = [kind for kind in allowed if kind in GROUPS and (_shows(kind, counts) or signs.decide(kind))]
    plain = [kind for kind in allowed if kind not in GROUPS]
    if plain:
        kind = plain[0]
        is_twofold = len(readings) > 1 and counts[f"{kind}:twofold"] > 0
        is_meant = signs.decide(kind) if is_twofold else signs.decimal == ("." if kind == Kind.POINT else ",")
        if is_meant:
            return Verdict(kind)
    elif sure:
        return Verdict(sure[0], has_decimals=counts[f"{sure[0]}:decimals"] > 0)
    return doubt_of_numbers(counts, readings)


def _fits(kind: Kind, counts: _Counts) -> bool:
    """Whether all cells of a column are numbers of a kind, and some of them show its signs."""
    if kind in GROUPS:
        return counts[f"{kind}:groups"] > 0 and counts[kind] == counts["cells"]
    return counts[kind] > 0 and counts[kind] + counts["exact"] == counts["cells"]


def _slashed(counts: _Counts, dates: Dates) -> Verdict | Doubt:
    """Dates with slashes: as told, or as enough cells show and none denies."""
    cells, has_times = counts["cells"], counts["clock"] > 0
    told = {"day_first": Kind.DAY_FIRST, "month_first": Kind.MONTH_FIRST}.get(dates)
    if told is not None:
        return Verdict(told, has_times) if counts[told] == cells else doubt_of_dates(counts, told)
    shown = {Kind.DAY_FIRST: counts["first"], Kind.MONTH_FIRST: counts["second"]}
    kind = max(shown, key=lambda one: shown[one])
    is_enough = shown[kind] >= max(_LEAST_SHOWN, _LEAST_SHARE * cells)
    if is_enough and sum(shown.values()) == shown[kind]:
        return Verdict(kind, has_times)
    return doubt_of_dates(counts)
