"""Sheets of workbooks: XLSX, XLSB, XLS and ODS. Values only: formulas as they were last computed, macros never."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import cast

import fastexcel
import polars as pl

from glane.errors import DataError, did_you_mean
from glane.tables.census import Census
from glane.tables.kinds import Kind
from glane.tables.options import TableOptions
from glane.tables.reading import Reading, in_batches, named
from glane.tables.verdicts import signs_of, verdicts
from glane.tables.workbook import check_workbook, remarks

_EXACT = 2**53
_HEAD_ROWS = 1000  # in which the row of names stands
_DAY_ZERO = 1900  # a time without a date is one of before


def read_sheet(source: Path, options: TableOptions) -> Reading:
    """Read the sheet `options.sheet`, or the only one that is not empty. It is held in memory.

    Raises:
        DataError: if there are several, none, or the file cannot be read; it names sheets, and no cell.
    """
    check_workbook(source)
    logging.getLogger("fastexcel").setLevel(logging.ERROR)  # it would tell of columns that are empty
    try:
        book = fastexcel.read_excel(source)
        sheet = _chosen(source, book, options.sheet)
        notes = remarks(source, sheet)
        header, below = _header(source, book, sheet, options.header_row)
        cells = book.load_sheet(
            sheet,
            header_row=None,
            skip_rows=below,
            schema_sample_rows=None,
            column_names=[f"c{i}" for i in range(len(header))],
        )
        batch, errors = cells.to_arrow_with_errors()
    except fastexcel.FastExcelError as error:
        raise _unreadable(source, error) from None
    frame = cast(pl.DataFrame, pl.from_arrow(batch))
    frame, num_empty = _without_tail(frame)
    names, said = named(header)
    unused = [
        at for at, name in enumerate(header) if not name.strip() and frame.to_series(at).null_count() == frame.height
    ]
    frame = frame.rename(dict(zip(frame.columns, names, strict=True))).drop([names[at] for at in unused])
    if unused:
        names, said = named([name for at, name in enumerate(header) if at not in unused])
        frame.columns = names
    notes += said
    notes += [f"{num_empty} empty rows at the end are left out"] * bool(num_empty)
    num_errors = 0 if errors is None else len(errors.errors)
    notes += [f"{num_errors} cells hold an error in the place of a value, and are empty"] * bool(num_errors)
    frame = frame.select(_plain(frame[name]) for name in frame.columns)
    notes += _nearly(frame)
    if not frame.height:
        raise DataError(f"{source}: sheet {sheet!r} holds the names of columns and no row.")
    table = frame.to_arrow()
    return Reading(schema=table.schema, batches=in_batches(table), facts={"sheet": sheet}, notes=notes)


def _chosen(source: Path, book: fastexcel.ExcelReader, told: str | None) -> str:
    names = book.sheet_names
    if told is not None:
        if told not in names:
            raise DataError(f"data.sheet: {source} has no sheet {told!r}. {did_you_mean(told, names)}")
        return told
    used = [name for name in names if len(names) == 1 or _is_used(book, name)]
    if len(used) == 1:
        return used[0]
    if not used:
        raise DataError(f"{source}: its sheets are empty ({', '.join(names)}).")
    raise DataError(f"{source}: has {len(used)} sheets. Set data.sheet to one of them: {', '.join(used)}.")


def _is_used(book: fastexcel.ExcelReader, name: str) -> bool:
    """Whether a sheet has cells. A chart has none, and is no sheet of cells at all."""
    try:
        return book.load_sheet(name, header_row=None, n_rows=1).width > 0
    except fastexcel.FastExcelError:
        return False


def _header(source: Path, book: fastexcel.ExcelReader, sheet: str, told: int | None) -> tuple[list[str], int]:
    """The names of the columns, and how many rows there are down to them."""
    head = book.load_sheet(sheet, header_row=None, n_rows=max(_HEAD_ROWS, told or 0), dtypes="string", skip_rows=0)
    rows = cast(pl.DataFrame, pl.from_arrow(head.to_arrow())).fill_null("").rows()
    if not rows:
        raise DataError(
            f"{source}: sheet {sheet!r} is empty. Set data.sheet to another: {', '.join(book.sheet_names)}."
        )
    if told == 0:
        return [""] * len(rows[0]), 0
    number = next((at for at, row in enumerate(rows, 1) if any(row)), 1) if told is None else told
    if number > len(rows):
        raise DataError(f"data.header_row: sheet {sheet!r} of {source} has {len(rows)} rows, and no row {number}.")
    header = [str(name) for name in rows[number - 1]]
    blank = sum(not name.strip() for name in header)
    if told is None and len(header) > 1 and blank * 2 > len(header):
        raise DataError(
            f"{source}: {blank} of {len(header)} columns have no name in row {number} of sheet {sheet!r}, which "
            "seems to be a title. Set data.header_row to the row with the names (0 if there is none)."
        )
    return header, number


def _without_tail(frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The rows down to the last one that has a cell, and how many are below it."""
    blank = [pl.col(name).is_null() | (pl.col(name).cast(pl.String).str.strip_chars() == "") for name in frame.columns]
    full = frame.select((~pl.all_horizontal(blank)).alias("full"))["full"].arg_true()
    height = 0 if full.is_empty() else int(cast(int, full.max())) + 1
    return frame.head(height), frame.height - height


def _plain(column: pl.Series) -> pl.Series:
    """A column as what its cells are: whole numbers, days, times of day. A workbook has doubles and moments only."""
    values = column.drop_nulls()
    if values.is_empty():
        return column.cast(pl.String) if column.dtype == pl.Null else column
    if column.dtype.is_float():
        is_whole = ((values == values.round()) & (values.abs() <= _EXACT)).all()
        return column.cast(pl.Int64) if is_whole else column
    if isinstance(column.dtype, pl.Datetime):
        if (values.dt.year() < _DAY_ZERO).all():
            return column.dt.time()
        is_midnight = values.dt.truncate("1d") == values
        return column.dt.date() if is_midnight.all() else column.cast(pl.Datetime("us"))
    if column.dtype == pl.String:
        return column.set(column == "", None)
    return column


def _nearly(frame: pl.DataFrame) -> list[str]:
    """Notes of columns that are text though most of their cells are numbers or dates."""
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    census = Census(texts)
    census.add(frame.select(texts))
    kinds, _, doubts = verdicts(census, signs=signs_of(census, "", decimal=None, thousands=None), dates="guess")
    said = [f"column {name!r} stays text: {doubt.why}" for name, doubt in doubts.items()]
    whole = {name: one for name, one in kinds.items() if one.kind != Kind.TEXT}
    return [*census.notes(), *said] + [
        f"column {name!r} stays text: its cells are texts that read as {one.kind}" for name, one in whole.items()
    ]


def _unreadable(source: Path, error: Exception) -> DataError:
    said = str(error).lower()
    if "password" in said or "encrypt" in said:
        return DataError(f"{source}: asks for a password. Save it without one, or export the sheet as CSV.")
    return DataError(
        f"{source}: cannot be read as a workbook ({type(error).__name__}). Open it and save it again, or as CSV."
    )
