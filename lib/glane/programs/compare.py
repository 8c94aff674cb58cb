"""Whether a table that a translated program returned is the one that the original made.

Columns go by name, whatever their order and case; rows by place, or in any order. Numbers are equal within a relative
tolerance, whatever their type; an empty text, a missing value and a number that is none are one; blanks at the end of a
text do not count, as in SAS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from glane.programs.wire import code_of

Verdict = Literal["equal", "equal_except_order", "different", "not_returned"]
_SHOWN = 10  # cells of a table that are kept
_SHOWN_ROWS = 5
_DIGITS = 9  # of a number, when rows are looked up
_AT = "__row"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A cell that differs. Rows count from 1, in the expected table's order, or sorted where rows go in any order."""

    row: int
    column: str
    expected: str | None
    found: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableVerdict:
    """How a returned table compares with the expected one."""

    table: str
    verdict: Verdict
    rows_expected: int
    rows_found: int = 0
    lacking: tuple[str, ...] = ()  # columns of the expected table
    surplus: tuple[str, ...] = ()  # columns that it has not
    differing: Mapping[str, int] | None = None  # cells by column, of the rows that were compared
    cells: tuple[Cell, ...] = ()  # the first of them
    only_expected: int = 0  # rows that the other table has not
    only_found: int = 0
    columns: tuple[str, ...] = ()  # of the rows below: those that both tables have
    first_expected: tuple[tuple[str | None, ...], ...] = ()  # of the rows above, where the tables have not as many
    first_found: tuple[tuple[str | None, ...], ...] = ()

    @property
    def num_differing(self) -> int:
        """How many cells differ."""
        return sum((self.differing or {}).values())


def compared(
    table: str, expected: pl.DataFrame, found: pl.DataFrame | None, *, is_in_order: bool, tolerance: float
) -> TableVerdict:
    """Compare a returned table with the expected one.

    Args:
        table: its name.
        expected: made by the original program.
        found: returned by its translation; None if it was not.
        is_in_order: whether rows in another order are a difference.
        tolerance: by which numbers may differ, relative to the greater one.
    """
    if found is None:
        return TableVerdict(table=table, verdict="not_returned", rows_expected=expected.height)
    expected, found = _by_case(expected, found)
    lacking = tuple(name for name in expected.columns if name not in found.columns)
    surplus = tuple(name for name in found.columns if name not in expected.columns)
    shared = [name for name in expected.columns if name in found.columns]
    told: dict[str, Any] = {
        "table": table, "rows_expected": expected.height, "rows_found": found.height, "lacking": lacking,
        "surplus": surplus,
    }  # fmt: skip
    left, right = _alike(expected.select(shared), found.select(shared))
    is_whole, is_as_long = not (lacking or surplus), left.height == right.height
    in_place = _differences(left, right, tolerance) if is_as_long else {"": 1}
    if not any(in_place.values()):
        return TableVerdict(verdict="equal" if is_whole else "different", **told)
    rest = _unmatched(left, right)
    counts = _differences(*rest, tolerance)
    if is_as_long and is_whole and not is_in_order and not any(counts.values()):
        return TableVerdict(verdict="equal_except_order", **told)
    told |= {"only_expected": rest[0].height, "only_found": rest[1].height}
    if not is_as_long:
        firsts = [tuple(tuple(map(_text, row)) for row in one.head(_SHOWN_ROWS).rows()) for one in rest]
        return TableVerdict(
            verdict="different", columns=tuple(shared), first_expected=firsts[0], first_found=firsts[1], **told
        )
    if is_in_order:
        rest, counts = (left, right), in_place
    differing = {name: num for name, num in counts.items() if num}
    return TableVerdict(verdict="different", differing=differing, cells=_first_cells(*rest, tolerance), **told)


def _by_case(expected: pl.DataFrame, found: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Names in lower case, unless two names of a table differ in their case alone."""
    if all(len({name.casefold() for name in one.columns}) == one.width for one in (expected, found)):
        return tuple(one.rename({name: name.casefold() for name in one.columns}) for one in (expected, found))  # type: ignore[return-value]
    return expected, found


def _alike(expected: pl.DataFrame, found: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Both tables with columns of the same plain types: numbers, texts, days as instants, yes and no."""
    pairs = [_pair(expected[name], found[name]) for name in expected.columns]
    return pl.DataFrame([one for one, _ in pairs]), pl.DataFrame([one for _, one in pairs])


def _pair(expected: pl.Series, found: pl.Series) -> tuple[pl.Series, pl.Series]:
    one, other = _plain(expected), _plain(found)
    if one.dtype == other.dtype:
        return one, other
    if pl.Null in (one.dtype, other.dtype):
        return (one.cast(other.dtype), other) if one.dtype == pl.Null else (one, other.cast(one.dtype))
    numbers = [series.cast(pl.Float64, strict=False) for series in (one, other)]
    if all(series.null_count() == made.null_count() for series, made in zip((one, other), numbers)) and not (
        {pl.Datetime("us"), pl.Duration("us"), pl.Time()} & {one.dtype, other.dtype}
    ):
        return numbers[0], numbers[1]
    return one.cast(pl.String), other.cast(pl.String)


def _plain(column: pl.Series) -> pl.Series:
    code = code_of(column.dtype)
    if code in ("integer", "number"):
        numbers = column.cast(pl.Float64)
        return numbers.set(numbers.is_nan(), None)
    if code == "string":
        texts = column.cast(pl.String).str.strip_chars_end(" ")
        return texts.set(texts == "", None)
    if code in ("date", "datetime"):
        return column.cast(pl.Datetime("us"))
    return column


def _differences(expected: pl.DataFrame, found: pl.DataFrame, tolerance: float) -> dict[str, int]:
    """How many cells of each column differ, of the rows that both tables have."""
    size = min(expected.height, found.height)
    pairs = ((name, expected[name][:size], found[name][:size]) for name in expected.columns)
    return {name: int(_differs(one, other, tolerance).sum()) for name, one, other in pairs}


def _differs(one: pl.Series, other: pl.Series, tolerance: float) -> pl.Series:
    if one.dtype == pl.Float64:
        frame = pl.DataFrame({"a": one, "b": other})
        a, b = pl.col("a"), pl.col("b")
        size = pl.max_horizontal(a.abs(), b.abs(), pl.lit(tolerance))
        is_near = (a == b) | (size.is_finite() & ((a - b).abs() <= tolerance * size))
        is_other = pl.when(a.is_null() | b.is_null()).then(a.is_null() != b.is_null()).otherwise(~is_near)
        return frame.select(is_other.alias("differs"))["differs"]
    return one.ne_missing(other)


def _unmatched(expected: pl.DataFrame, found: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of each that the other has not, sorted; of rows that are there several times, those too many."""
    if not expected.width:
        return expected, found
    left, right = (_numbered(one) for one in (expected, found))
    keys = [f"__{name}" for name in expected.columns] + [_AT]
    parts = (
        left.join(right, on=keys, how="anti", nulls_equal=True),
        right.join(left, on=keys, how="anti", nulls_equal=True),
    )
    ordered = [one.sort(keys[:-1], nulls_last=True).select(expected.columns) for one in parts]
    return ordered[0], ordered[1]


def _numbered(table: pl.DataFrame) -> pl.DataFrame:
    """The table with keys of its rows, numbers to nine digits, and each row's number among those that are alike."""
    rounded = {
        name: pl.col(name).round_sig_figs(_DIGITS) for name, dtype in table.schema.items() if dtype == pl.Float64
    }
    keys = [rounded.get(name, pl.col(name)).alias(f"__{name}") for name in table.columns]
    names = [f"__{name}" for name in table.columns]
    return table.with_columns(keys).with_columns(pl.int_range(pl.len()).over(names).alias(_AT))


def _first_cells(expected: pl.DataFrame, found: pl.DataFrame, tolerance: float) -> tuple[Cell, ...]:
    size = min(expected.height, found.height)
    cells = [
        Cell(row=at + 1, column=name, expected=_text(expected[name][at]), found=_text(found[name][at]))
        for name in expected.columns
        for at in _differs(expected[name][:size], found[name][:size], tolerance).arg_true().to_list()[:_SHOWN]
    ]
    return tuple(sorted(cells, key=lambda cell: cell.row)[:_SHOWN])


def _text(value: Any) -> str | None:
    return None if value is None else f"{value:.12g}" if isinstance(value, float) else str(value)


def overall(verdicts: Sequence[TableVerdict]) -> Verdict:
    """The worst of some verdicts, of which there is one at least."""
    order: tuple[Verdict, ...] = ("not_returned", "different", "equal_except_order", "equal")
    return min((one.verdict for one in verdicts), key=order.index)
