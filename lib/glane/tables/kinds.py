"""What columns of text are: numbers, dates, true and false, or texts. Only what all cells of a column say counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

import polars as pl

from glane.tables.reading import listed

Dates = Literal["guess", "day_first", "month_first", "text"]

_MARKERS = ("NA", "N/A", "NaN", "NULL", "null", "None", ".", "-", "?", "ND", "NR")  # that say that there is no value
_NEAR = 0.9  # share of cells from which on a column was nearly of a kind, which is told
_MOST_DIGITS = 15  # that a double keeps
_EXACT = 2**53  # up to here, a double keeps each whole number
_SETTLED_ROWS = 1000  # a column of which none of so many cells is a number or a date is text
_WHOLE = r"^-?(?:0|[1-9]\d{0,18})$"
_ZEROS = r"^0\d+$"
_REAL = r"^-?(?:0|[1-9]\d*)?\{}\d+(?:[eE][-+]?\d{{1,3}})?$"
_POINT, _COMMA = _REAL.format("."), _REAL.format(",")
_DAY = r"^\d{4}-\d{2}-\d{2}$"
_TIME = r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?$"
_SLASHED = r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?: (\d{1,2}:\d{2})(:\d{2})?)?$"
_TRUE, _FALSE = ("true", "vrai"), ("false", "faux")


class Kind(StrEnum):
    """What a column is made of text."""

    TEXT = "text"
    WHOLE = "whole numbers"
    POINT = "numbers with a decimal point"
    COMMA = "numbers with a decimal comma"
    BOOLEAN = "true and false"
    DAY = "dates"
    TIME = "dates with times"
    DAY_FIRST = "dates with the day first"
    MONTH_FIRST = "dates with the month first"


_SLASHED_KINDS = (Kind.DAY_FIRST, Kind.MONTH_FIRST)
_TYPES: dict[Kind, pl.DataType] = {
    Kind.TEXT: pl.String(), Kind.WHOLE: pl.Int64(), Kind.POINT: pl.Float64(), Kind.COMMA: pl.Float64(),
    Kind.BOOLEAN: pl.Boolean(), Kind.DAY: pl.Date(), Kind.TIME: pl.Datetime("us"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """The kind of a column, and whether dates with the day or the month first have times."""

    kind: Kind
    has_times: bool = False

    @property
    def type(self) -> pl.DataType:
        """The type of its cells."""
        return _TYPES.get(self.kind) or (pl.Datetime("us") if self.has_times else pl.Date())


@dataclass(slots=True)
class Census:
    """Counts, by column, of the cells that are of each kind."""

    names: Sequence[str]
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    _settled: set[str] = field(default_factory=set)

    def add(self, texts: pl.DataFrame) -> None:
        """Count the next rows: texts, null where a cell is empty."""
        asked = [name for name in self.names if name not in self._settled]
        if not asked:
            return
        counted = texts.select(pl.struct(_tests(pl.col(name).str.strip_chars())).alias(name) for name in asked)
        for name in asked:
            here = counted[name].struct.unnest().row(0, named=True)
            sums = self.counts.setdefault(name, dict.fromkeys(here, 0))
            for test, count in here.items():
                sums[test] += count or 0
            if sums["cells"] >= _SETTLED_ROWS and not any(n for test, n in sums.items() if test != "cells"):
                self._settled.add(name)

    def of(self, name: str) -> dict[str, int]:
        """The counts of a column; none where no row was counted."""
        return self.counts.get(name, {}) if name not in self._settled else {}


def _tests(cell: pl.Expr) -> list[pl.Expr]:
    few = cell.str.count_matches(r"\d", literal=False) <= _MOST_DIGITS
    parts = cell.str.extract_groups(_SLASHED)
    first, second = parts.struct.field("1"), parts.struct.field("2")
    above = {"first": first.cast(pl.Int32) > 12, "second": second.cast(pl.Int32) > 12}
    whole = pl.when(cell.str.contains(_WHOLE)).then(cell).cast(pl.Int64, strict=False)
    tests = {
        "cells": cell.is_not_null(),
        Kind.WHOLE.value: whole.is_not_null(),
        "exact": whole.is_between(-_EXACT, _EXACT),
        "zeros": cell.str.contains(_ZEROS),
        Kind.POINT.value: cell.str.contains(_POINT) & few,
        Kind.COMMA.value: cell.str.contains(_COMMA) & few,
        Kind.BOOLEAN.value: cell.str.to_lowercase().is_in([*_TRUE, *_FALSE]),
        Kind.DAY.value: _day(cell).is_not_null(),
        Kind.TIME.value: _time(cell).is_not_null(),
        Kind.DAY_FIRST.value: _slashed(cell, Kind.DAY_FIRST, has_times=True).is_not_null(),
        Kind.MONTH_FIRST.value: _slashed(cell, Kind.MONTH_FIRST, has_times=True).is_not_null(),
        "clock": parts.struct.field("4").is_not_null(),
        "marker": cell.is_in(_MARKERS),
        **above,
    }
    return [test.sum().alias(name) for name, test in tests.items()]


def decimal_sign(census: Census, separator: str) -> Literal[",", "."] | None:
    """The decimal sign of a whole file: of most cells that have one; never the sign that separates them."""
    points = sum(census.of(name).get(Kind.POINT, 0) for name in census.names)
    commas = 0 if separator == "," else sum(census.of(name).get(Kind.COMMA, 0) for name in census.names)
    return None if not points and not commas else "," if commas > points else "."


def verdicts(
    census: Census, *, decimal: str | None, dates: Dates, keep_as_text: Sequence[str]
) -> tuple[dict[str, Verdict], list[str]]:
    """The kind of each column, and notes: of what was made of dates, and of what stays text though most says otherwise.

    Dates such as 03/04/2025 are taken if the column shows which number is the day: one is above 12 in some cell, and
    the other in none.
    """
    found, notes = {}, []
    for name in census.names:
        counts = {} if name in keep_as_text else census.of(name)
        found[name], said = _verdict(counts, decimal, dates)
        if said:
            notes.append(f"column {name!r} stays text: {said}")
    of_dates = {kind: [name for name, one in found.items() if one.kind == kind] for kind in _SLASHED_KINDS}
    notes += [
        f"read as dates ({'day/month/year' if kind == Kind.DAY_FIRST else 'month/day/year'}): {listed(made)}"
        for kind, made in of_dates.items()
        if made
    ]
    plain = (Kind.WHOLE, Kind.POINT, Kind.COMMA, Kind.BOOLEAN, Kind.DAY, Kind.TIME)
    by_kind = {kind: [name for name, one in found.items() if one.kind == kind] for kind in plain}
    return found, notes + [f"read as {kind.value}: {listed(made)}" for kind, made in by_kind.items() if made]


def _verdict(counts: Mapping[str, int], decimal: str | None, dates: Dates) -> tuple[Verdict, str]:
    text = Verdict(Kind.TEXT)
    cells = counts.get("cells", 0)
    if not cells:
        return text, ""
    real = Kind.COMMA if decimal == "," else Kind.POINT
    other = Kind.POINT if decimal == "," else Kind.COMMA
    sums = {
        Kind.BOOLEAN: counts[Kind.BOOLEAN], Kind.WHOLE: counts[Kind.WHOLE],
        real: counts[real] + counts["exact"], Kind.DAY: counts[Kind.DAY],
        Kind.TIME: counts[Kind.TIME] + counts[Kind.DAY],
    }  # fmt: skip
    if dates == "text":
        del sums[Kind.DAY], sums[Kind.TIME]
    for kind, count in sums.items():
        if count == cells:
            return Verdict(kind), ""
    if counts[real] and counts[real] + counts[Kind.WHOLE] == cells:
        return text, f"a number with decimals keeps {_MOST_DIGITS} digits, and whole numbers of it have more"
    if counts["zeros"] and counts["zeros"] + counts[Kind.WHOLE] == cells:
        return text, "numbers with zeros in front"
    if counts[other] and counts[other] + counts[Kind.WHOLE] == cells:
        sign = "point" if other == Kind.POINT else "comma"
        return text, f"numbers with a decimal {sign}, and the file has the other sign; data.decimal says which it is"
    if dates != "text" and max(counts[Kind.DAY_FIRST], counts[Kind.MONTH_FIRST]) == cells:
        return _slashed_verdict(counts, dates)
    sums |= {Kind.DAY_FIRST: counts[Kind.DAY_FIRST], Kind.MONTH_FIRST: counts[Kind.MONTH_FIRST]}
    near = max(sums, key=lambda kind: sums[kind])
    rest = cells - sums[near]
    if sums[near] < _NEAR * cells:
        return text, ""
    hint = "" if rest != counts["marker"] else f", but marks as {', '.join(_MARKERS[:3])} (data.null_values=[NA])"
    return text, f"{rest} of {cells} cells are no {near.value}{hint}"


def _slashed_verdict(counts: Mapping[str, int], dates: Dates) -> tuple[Verdict, str]:
    cells, has_times = counts["cells"], counts["clock"] > 0
    told = {"day_first": Kind.DAY_FIRST, "month_first": Kind.MONTH_FIRST}.get(dates)
    if told is not None:
        wrong = cells - counts[told]
        return (
            (Verdict(Kind.TEXT), f"{wrong} of {cells} cells are no {told}") if wrong else (Verdict(told, has_times), "")
        )
    if counts["first"] and not counts["second"]:
        return Verdict(Kind.DAY_FIRST, has_times), ""
    if counts["second"] and not counts["first"]:
        return Verdict(Kind.MONTH_FIRST, has_times), ""
    return Verdict(Kind.TEXT), (
        "dates of which no cell shows whether the day or the month comes first; set data.dates=day_first or month_first"
    )


def typed(name: str, verdict: Verdict) -> pl.Expr:
    """The column as what it is. Every cell was found to be so."""
    column = pl.col(name)
    cell = column.str.strip_chars()
    match verdict.kind:
        case Kind.TEXT:
            return column
        case Kind.BOOLEAN:
            return cell.str.to_lowercase().is_in(_TRUE).alias(name)
        case Kind.COMMA:
            return cell.str.replace(",", ".", literal=True).cast(pl.Float64)
        case Kind.DAY:
            return _day(cell)
        case Kind.TIME:
            return pl.coalesce(_time(cell), _day(cell).cast(pl.Datetime("us")))
        case Kind.DAY_FIRST | Kind.MONTH_FIRST:
            return _slashed(cell, verdict.kind, has_times=verdict.has_times)
        case _:
            return cell.cast(verdict.type)


def _day(cell: pl.Expr) -> pl.Expr:
    return pl.when(cell.str.contains(_DAY)).then(cell).str.to_date("%Y-%m-%d", strict=False)


def _time(cell: pl.Expr) -> pl.Expr:
    whole = cell.str.replace("T", " ", literal=True)
    whole = pl.when(whole.str.len_chars() == 16).then(whole + pl.lit(":00")).otherwise(whole)
    fine = pl.when(cell.str.contains(_TIME)).then(whole)
    return fine.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)


def _slashed(cell: pl.Expr, kind: Kind, *, has_times: bool) -> pl.Expr:
    parts = cell.str.extract_groups(_SLASHED).struct
    first, second = parts.field("1").str.zfill(2), parts.field("2").str.zfill(2)
    day, month = (first, second) if kind == Kind.DAY_FIRST else (second, first)
    text = parts.field("3") + "-" + month + "-" + day
    if not has_times:
        return text.str.to_date("%Y-%m-%d", strict=False)
    clock = parts.field("4").fill_null("0:00").str.zfill(5) + parts.field("5").fill_null(":00")
    return (text + " " + clock).str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
