"""What the cells of columns of text are, counted: of which kind of number or date, and what they look like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from glane.tables.kinds import (
    FALSE,
    GROUPS,
    MOST_DIGITS,
    NUMBERS,
    SLASHED,
    SLASHED_KINDS,
    SPACED,
    SPACES,
    TRUE,
    Kind,
    as_day,
    as_slashed,
    as_time,
)

MARKERS = ("NA", "N/A", "NaN", "NULL", "null", "None", ".", "-", "?", "ND", "NR")  # that say that there is no value
_EXACT = 2**53  # up to here, a double keeps each whole number
_SETTLED_ROWS = 1000  # a column of which none of so many cells is a number or a date is text
_LONGEST = 64  # bytes that a number or a date has
_WHOLE = r"^-?(?:0|[1-9]\d{0,18})$"
# A number that is another one, a thousand times as large, if its only sign is one between thousands.
_TWOFOLD = r"^-?[1-9]\d{{0,2}}\{}\d{{3}}$"
_NUMBER = rf"[-+]?\d+(?:[.,'{SPACES}]\d{{3}})*(?:[.,]\d+)?"
_TYPESET = f"[{SPACES[1:]}]"  # spaces that stand in numbers, and that nobody types
# What cells look like that are made neither numbers nor dates.
LOOKS = {
    "zeros": r"^0\d+$",
    "signed": rf"^{_NUMBER}[{SPACES}]?[%‰€$£]$",
    "hours": r"^\d{1,2}[:hH]\d{2}(?::\d{2})?$",
    "short_years": r"^\d{1,2}[/.-]\d{1,2}[/.-]\d{2}$",
    "plus": r"^\+\d+(?:[.,]\d+)?$",
    "number": rf"^{_NUMBER}$",
    "total": r"(?i)^(?:grand |sous-)?(?:total|totaux|totals)(?:\W.{0,30})?$",
}


@dataclass(slots=True)
class Census:
    """Counts, by column, of the cells that are of each kind; and those of the last row alone."""

    names: Sequence[str]
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    last: dict[str, dict[str, int]] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)  # columns that are text, and are not looked at

    def add(self, texts: pl.DataFrame) -> None:
        """Count the next rows: texts, null where a cell is empty."""
        asked = [name for name in self.names if name not in self.settled]
        if not asked or not texts.height:
            return
        self.last = _counted(texts.tail(1), asked)
        for name, here in _counted(texts, asked).items():
            sums = self.counts.setdefault(name, dict.fromkeys(here, 0))
            for test, count in here.items():
                sums[test] += count
            if sums["cells"] >= _SETTLED_ROWS and not any(n for test, n in sums.items() if test != "cells"):
                self.settled.add(name)

    def notes(self) -> list[str]:
        """What the last row seems to be."""
        if not any(here.get("total") for here in self.last.values()):
            return []
        return ["the last row says that it is one of totals, and is read as any other: take it out of the table"]

    def of(self, name: str) -> Mapping[str, int]:
        """The counts of a column; none where no row was counted."""
        return self.counts.get(name, {}) if name not in self.settled else {}


def _counted(texts: pl.DataFrame, asked: Sequence[str]) -> dict[str, dict[str, int]]:
    found = {}
    for name in asked:
        text = pl.col(name).str.strip_chars()
        cell = pl.when(text.str.len_bytes() <= _LONGEST).then(text)
        seen = texts.select(cell.alias("cell")).select("cell", *(test.alias(one) for one, test in _seen().items()))
        row = seen.select(test.sum().alias(one) for one, test in _tests().items()).row(0, named=True)
        found[name] = {test: count or 0 for test, count in row.items()}
        found[name]["cells"] = texts.height - texts[name].null_count()
    return found


def _seen() -> dict[str, pl.Expr]:
    """What is asked several times of each cell, found once."""
    cell = pl.col("cell")
    return {
        "whole": pl.when(cell.str.contains(_WHOLE)).then(cell).cast(pl.Int64, strict=False),
        "few": cell.str.count_matches(r"\d", literal=False) <= MOST_DIGITS,
        **{f"is:{kind}": cell.str.contains(pattern) for kind, pattern in NUMBERS.items()},
        "parts": cell.str.extract_groups(SLASHED),
        **{f"is:{kind}": as_slashed(cell, kind, has_times=True).is_not_null() for kind in SLASHED_KINDS},
    }


def _tests() -> dict[str, pl.Expr]:
    cell, whole, parts = pl.col("cell"), pl.col("whole"), pl.col("parts").struct
    of_dates = {kind.value: pl.col(f"is:{kind}") for kind in SLASHED_KINDS}
    return {
        Kind.WHOLE.value: whole.is_not_null(),
        "exact": whole.is_between(-_EXACT, _EXACT),
        **_numbers(cell),
        Kind.BOOLEAN.value: cell.str.to_lowercase().is_in([*TRUE, *FALSE]),
        Kind.DAY.value: as_day(cell).is_not_null(),
        Kind.TIME.value: as_time(cell).is_not_null(),
        **of_dates,
        "slashed": pl.any_horizontal(*of_dates.values()),
        "clock": parts.field("4").is_not_null(),
        "first": parts.field("1").cast(pl.Int32) > 12,
        "second": parts.field("2").cast(pl.Int32) > 12,
        "marker": cell.is_in(MARKERS),
        **{name: cell.str.contains(look) for name, look in LOOKS.items()},
    }


def _numbers(cell: pl.Expr) -> dict[str, pl.Expr]:
    """Of each kind of number, which cells are such; of those with groups, which show that they are no other kind."""
    few = pl.col("few")
    tests = {kind.value: pl.col(f"is:{kind}") & few for kind in NUMBERS}
    for kind, (thousands, decimal) in GROUPS.items():
        of_kind = tests[kind.value]
        has_groups, has_decimals = cell.str.contains(f"[{thousands}]"), cell.str.contains(decimal, literal=True)
        # Identifiers, too, are written in groups with spaces: 732 829 320.
        several = cell.str.contains(_TYPESET if kind in SPACED else f"[{thousands}].*[{thousands}]")
        is_shown = several if kind in SPACED else several | has_decimals
        tests[f"{kind}:groups"] = of_kind & has_groups
        tests[f"{kind}:decimals"] = of_kind & has_decimals
        tests[f"{kind}:shown"] = of_kind & has_groups & is_shown
    for kind, sign in ((Kind.POINT, "."), (Kind.COMMA, ",")):
        tests[f"{kind}:twofold"] = tests[kind.value] & cell.str.contains(_TWOFOLD.format(sign))
    return tests
