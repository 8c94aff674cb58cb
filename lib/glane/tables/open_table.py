"""The reader of each format, imported when it is needed: each has a library of its own."""

from __future__ import annotations

import io
from pathlib import Path

from glane.tables.formats import TableFormat
from glane.tables.options import TableOptions
from glane.tables.reading import Reading


def open_table(
    source: Path, kind: TableFormat, options: TableOptions, folder: Path | None, *, as_text: bool = False
) -> Reading:
    """A table under way.

    Args:
        source: the file.
        kind: its format.
        options: how it is read.
        folder: for what does not fit into memory; None keeps all of it there.
        as_text: whether columns of delimited text are made no numbers or dates.

    Raises:
        DataError: naming the line, the sheet or the column that cannot be read. No cell is shown.
        OSError: if the file system refuses.
    """
    match kind:
        case TableFormat.DELIMITED:
            from glane.tables.delimited import read_delimited

            scratch = io.BytesIO() if folder is None else folder / "texts.parquet"
            return read_delimited(source, options, scratch, as_text=as_text)
        case TableFormat.JSON_LINES:
            from glane.tables.json_rows import read_json_lines

            return read_json_lines(source)
        case TableFormat.JSON:
            from glane.tables.json_rows import read_json_array

            return read_json_array(source)
        case TableFormat.SHEET:
            from glane.tables.sheets import read_sheet

            return read_sheet(source, options)
        case TableFormat.ARROW:
            from glane.tables.arrow_files import read_arrow

            return read_arrow(source)
        case TableFormat.DUCKDB:
            from glane.tables.databases import read_duckdb

            return read_duckdb(source, options, folder)
        case _:
            from glane.tables.statistics import read_statistics

            return read_statistics(source, kind, options)
