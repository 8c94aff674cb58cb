"""What a column of text is made: numbers, dates, true and false, or text; and how its cells become that."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import polars as pl

MOST_DIGITS = 15  # that a double keeps
SPACES = " \u00a0\u2009\u202f"  # that stand between thousands
_REAL = r"^-?(?:0|[1-9]\d*)?\{}\d+(?:[eE][-+]?\d{{1,3}})?$"
_GROUPED = r"^-?(?:0|[1-9]\d{{0,2}}(?:[{thousands}]\d{{3}})*)(?:\{decimal}\d+)?$"
_SPACED = r"^-?(?:0|[1-9]\d*|[1-9]\d{{0,2}}(?:[{thousands}]\d{{3}})+)(?:\{decimal}\d+)?$"
_DAY = r"^\d{4}-\d{2}-\d{2}$"
_TIME = r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?$"
SLASHED = r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?: (\d{1,2}:\d{2})(:\d{2})?)?$"
TRUE, FALSE = ("true", "vrai"), ("false", "faux")


class Kind(StrEnum):
    """What a column is made of text."""

    TEXT = "text"
    WHOLE = "whole numbers"
    POINT = "numbers with a decimal point"
    COMMA = "numbers with a decimal comma"
    POINT_GROUPS = "numbers with points between thousands"
    COMMA_GROUPS = "numbers with commas between thousands"
    SPACE_COMMA = "numbers with spaces between thousands and a decimal comma"
    SPACE_POINT = "numbers with spaces between thousands and a decimal point"
    BOOLEAN = "true and false"
    DAY = "dates"
    TIME = "dates with times"
    DAY_FIRST = "dates with the day first"
    MONTH_FIRST = "dates with the month first"


SLASHED_KINDS = (Kind.DAY_FIRST, Kind.MONTH_FIRST)
# Of numbers with a sign between thousands: that sign, as a set of characters, and the decimal sign.
GROUPS = {
    Kind.POINT_GROUPS: (".", ","),
    Kind.COMMA_GROUPS: (",", "."),
    Kind.SPACE_COMMA: (SPACES, ","),
    Kind.SPACE_POINT: (SPACES, "."),
}
SPACED = (Kind.SPACE_COMMA, Kind.SPACE_POINT)
# How each kind of number is written. Where points or commas part thousands, no number of four digits lacks them.
NUMBERS = {Kind.POINT: _REAL.format("."), Kind.COMMA: _REAL.format(",")} | {
    kind: (_SPACED if kind in SPACED else _GROUPED).format(thousands=thousands, decimal=decimal)
    for kind, (thousands, decimal) in GROUPS.items()
}
_TYPES: dict[Kind, pl.DataType] = {
    Kind.TEXT: pl.String(), Kind.WHOLE: pl.Int64(), Kind.POINT: pl.Float64(), Kind.COMMA: pl.Float64(),
    Kind.BOOLEAN: pl.Boolean(), Kind.DAY: pl.Date(), Kind.TIME: pl.Datetime("us"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """The kind of a column; whether dates with the day or the month first have times, and grouped numbers decimals."""

    kind: Kind
    has_times: bool = False
    has_decimals: bool = False

    @property
    def type(self) -> pl.DataType:
        """The type of its cells."""
        if self.kind in GROUPS:
            return pl.Float64() if self.has_decimals else pl.Int64()
        return _TYPES.get(self.kind) or (pl.Datetime("us") if self.has_times else pl.Date())


def typed(name: str, verdict: Verdict) -> pl.Expr:
    """The column as what it is. Every cell was found to be so."""
    column = pl.col(name)
    cell = column.str.strip_chars()
    match verdict.kind:
        case Kind.TEXT:
            return column
        case Kind.BOOLEAN:
            return cell.str.to_lowercase().is_in(TRUE).alias(name)
        case Kind.COMMA:
            return cell.str.replace(",", ".", literal=True).cast(pl.Float64)
        case Kind.POINT_GROUPS | Kind.COMMA_GROUPS | Kind.SPACE_COMMA | Kind.SPACE_POINT:
            thousands, decimal = GROUPS[verdict.kind]
            plain = cell.str.replace_all(f"[{thousands}]", "").str.replace(decimal, ".", literal=True)
            return plain.cast(verdict.type)
        case Kind.DAY:
            return as_day(cell)
        case Kind.TIME:
            return pl.coalesce(as_time(cell), as_day(cell).cast(pl.Datetime("us")))
        case Kind.DAY_FIRST | Kind.MONTH_FIRST:
            return as_slashed(cell, verdict.kind, has_times=verdict.has_times)
        case _:
            return cell.cast(verdict.type)


def as_day(cell: pl.Expr) -> pl.Expr:
    """ISO dates; null where a cell is none."""
    return pl.when(cell.str.contains(_DAY)).then(cell).str.to_date("%Y-%m-%d", strict=False)


def as_time(cell: pl.Expr) -> pl.Expr:
    """ISO dates with a time; null where a cell is none."""
    whole = cell.str.replace("T", " ", literal=True)
    whole = pl.when(whole.str.len_chars() == 16).then(whole + pl.lit(":00")).otherwise(whole)
    fine = pl.when(cell.str.contains(_TIME)).then(whole)
    return fine.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False)


def as_slashed(cell: pl.Expr, kind: Kind, *, has_times: bool) -> pl.Expr:
    """Dates such as 31/01/2024 with the day or the month first; null where a cell is none."""
    parts = cell.str.extract_groups(SLASHED).struct
    first, second = parts.field("1").str.zfill(2), parts.field("2").str.zfill(2)
    day, month = (first, second) if kind == Kind.DAY_FIRST else (second, first)
    text = parts.field("3") + "-" + month + "-" + day
    if not has_times:
        return text.str.to_date("%Y-%m-%d", strict=False)
    clock = parts.field("4").fill_null("0:00").str.zfill(5) + parts.field("5").fill_null(":00")
    return (text + " " + clock).str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
