"""An Excel workbook: a sheet for all rows, one for each list, one for the codebook; types are kept."""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import xlsxwriter
from xlsxwriter.exceptions import FileCreateError, FileSizeError
from xlsxwriter.worksheet import Worksheet

from glane.errors import RunError
from glane.exports.bundle import Bundle, Table
from glane.exports.codebook import codebook_table
from glane.exports.sizes import is_far
from glane.exports.target import Options
from glane.exports.words import CODEBOOK

FILE = "values.xlsx"
_MOST_ROWS, _MOST_COLUMNS, _LONGEST, _LONGEST_NAME = 1_048_576, 16_384, 32_767, 31
_KEPT_NAME = "History"  # Excel keeps it for itself, and takes a workbook that has it for damaged
_LARGEST_WHOLE = 10**15  # Excel keeps 15 digits
_FIRST_DAY = datetime.date(1900, 1, 1)
_MADE = datetime.datetime(2000, 1, 1)  # so that the same values are the same file
_FORMS = {"date": "yyyy-mm-dd", "datetime": "yyyy-mm-dd hh:mm:ss", "time": "hh:mm:ss"}


def write_xlsx(bundle: Bundle, _: Options, folder: Path) -> Sequence[str]:
    """Write `values.xlsx`. A text is never a formula. Return what Excel cannot hold as it is.

    Raises:
        RunError: if there are more rows, or longer texts, than a sheet can hold.
        OSError: if the file system refuses.
    """
    for table in bundle.tables:
        _check(table)
    told: Counter[str] = Counter()
    far: list[str] = []
    # Temporary files of the library hold values: they stand in the folder, which is private.
    workbook = xlsxwriter.Workbook(str(folder / FILE), {"constant_memory": True, "tmpdir": str(folder)})
    workbook.set_properties({"title": bundle.origin.task, "created": _MADE})
    bold = workbook.add_format({"bold": True, "bottom": 1})
    forms = {kind: workbook.add_format({"num_format": form}) for kind, form in _FORMS.items()}
    names = _sheet_names([one.name for one in bundle.tables])
    for table, name in zip(bundle.tables, names, strict=True):
        writers = [_writer(forms.get(one.kind), told, f"{table.name}.{one.name}") for one in table.variables]
        local = _local(table)
        far += [
            f"{table.name}.{one.name}"
            for one in table.variables
            if one.kind in forms and local.schema[one.name] == pl.String
        ]
        _sheet(workbook.add_worksheet(name), local.columns, local.iter_rows(), writers, bold)
    book = codebook_table(bundle)
    _sheet(
        workbook.add_worksheet(CODEBOOK),
        book.columns,
        book.iter_rows(),
        [_writer(None, told, CODEBOOK)] * book.width,
        bold,
    )
    _close(workbook)
    notes = []
    if told:
        notes.append(
            f"{told.total()} values are texts, as Excel cannot hold them: dates before 1900, whole numbers of more "
            f"than 15 digits, and what is no finite number: {', '.join(told)}"
        )
    if far:
        notes.append(f"all dates of columns with years after 9999 or before 1 are texts: {', '.join(far)}")
    return notes


def _close(workbook: xlsxwriter.Workbook) -> None:
    """Write the file. The library wraps what the file system said: it is told as everywhere."""
    try:
        workbook.close()
    except FileCreateError as error:
        raise (error.__context__ if isinstance(error.__context__, OSError) else OSError()) from None
    except FileSizeError:
        raise RunError(
            "to=xlsx: a sheet takes more than 2 GiB before it is packed, and Excel may take a workbook with such a "
            "sheet for damaged. Use to=csv, to=parquet or to=duckdb."
        ) from None


def _check(table: Table) -> None:
    rows, columns = table.rows.height + 1, table.rows.width
    if rows > _MOST_ROWS or columns > _MOST_COLUMNS:
        raise RunError(
            f"to=xlsx: {table.name} has {rows:,} rows and {columns:,} columns with its header, and a sheet holds "
            f"{_MOST_ROWS:,} and {_MOST_COLUMNS:,}. Use to=csv, to=parquet or to=duckdb."
        )
    for name, kind in table.rows.schema.items():
        if kind == pl.String:
            long = table.rows[name].filter(table.rows[name].str.len_bytes() > _LONGEST)
            too_long = sum(len(text.encode("utf-16-le")) > 2 * _LONGEST for text in long)
            if too_long:
                raise RunError(
                    f"to=xlsx: {too_long} texts of {table.name}.{name} are longer than the {_LONGEST:,} characters of "
                    "a cell. Use to=csv, to=parquet or to=duckdb."
                )


def _sheet_names(names: Sequence[str]) -> list[str]:
    found: list[str] = []
    for name in names:
        taken = {one.lower() for one in (*found, CODEBOOK, _KEPT_NAME)}
        tries = (name[:_LONGEST_NAME], *(f"{name[:28]}_{number}" for number in range(2, 100)))
        found.append(next(one for one in tries if one.lower() not in taken))
    return found


def _local(table: Table) -> pl.DataFrame:
    """The rows, with times as those of their zone, and columns of which some years are none of Excel's as texts."""
    zoned = [one.name for one in table.variables if one.zone is not None]
    rows = table.rows.with_columns(pl.col(name).dt.replace_time_zone(None) for name in zoned)
    days = [one.name for one in table.variables if one.kind in ("date", "datetime")]
    far = [name for name in days if is_far(rows[name]).any()]
    return rows.with_columns(pl.col(name).dt.to_string("iso:strict") for name in far)


Write = Callable[[Worksheet, int, int, Any], object]


def _sheet(sheet: Worksheet, names: Sequence[str], rows: Any, writers: Sequence[Write], bold: Any) -> None:
    sheet.freeze_panes(1, 1)
    for at, name in enumerate(names):
        sheet.set_column(at, at, min(max(len(name) + 2, 10), 40))
        sheet.write_string(0, at, name, bold)
    number = 0
    for number, row in enumerate(rows, 1):
        for at, value in enumerate(row):
            if value is not None:
                writers[at](sheet, number, at, value)
    sheet.autofilter(0, 0, number, max(len(names) - 1, 0))


def _writer(form: Any, told: Counter[str], place: str) -> Write:
    def write(sheet: Worksheet, row: int, at: int, value: Any) -> None:
        if isinstance(value, bool):
            sheet.write_boolean(row, at, value)
        elif isinstance(value, str):
            sheet.write_string(row, at, value)
        elif _is_held(value):
            if isinstance(value, int | float):
                sheet.write_number(row, at, value)
            else:
                sheet.write_datetime(row, at, value, form)
        else:
            told[place] += 1
            sheet.write_string(row, at, value.isoformat() if hasattr(value, "isoformat") else str(value))

    return write


def _is_held(value: Any) -> bool:
    if isinstance(value, int):
        return abs(value) < _LARGEST_WHOLE
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, datetime.datetime):
        return value.date() >= _FIRST_DAY
    return not isinstance(value, datetime.date) or value >= _FIRST_DAY
