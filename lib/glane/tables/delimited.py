"""Delimited text: CSV as spreadsheets and programs write it, in two passes that hold some thousand rows in memory.

The first writes all cells as text and counts what they are; the second makes columns of numbers and dates of those
that are nothing else.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, islice
from pathlib import Path
from typing import cast

import polars as pl
import pyarrow as pa

from glane.errors import DataError, did_you_mean
from glane.parquet import open_parquet, parquet_writer
from glane.tables.census import Census
from glane.tables.dialect import Dialect, dialect_of
from glane.tables.encodings import encoding_of
from glane.tables.kinds import Verdict, typed
from glane.tables.options import TableOptions
from glane.tables.reading import BATCH_CHARS, BATCH_ROWS, Reading, named
from glane.tables.records import Counts, long_cells, records
from glane.tables.streams import opened
from glane.tables.verdicts import signs_of, verdicts

_HEAD_BYTES = 2**20
Scratch = Path | io.BytesIO


def guess(path: Path, options: TableOptions) -> tuple[str, Dialect]:
    """The encoding and the dialect of a file: as told, or as found by all its bytes and by its first rows.

    Raises:
        DataError: if parts of it are of several encodings.
        OSError: if it cannot be read.
    """
    encoding = options.encoding or encoding_of(path)
    with opened(path) as stream:
        content = stream.read(_HEAD_BYTES + 1)
    text = io.TextIOWrapper(io.BytesIO(content[:_HEAD_BYTES]), encoding=encoding, errors="replace", newline="").read()
    is_whole = len(content) <= _HEAD_BYTES
    with long_cells():
        return encoding, dialect_of(text, is_whole=is_whole, separator=options.separator, quote=options.quote)


def read_delimited(source: Path, options: TableOptions, scratch: Scratch, *, as_text: bool = False) -> Reading:
    """Read a file of delimited text. All its cells are written to `scratch` on the way, and stay text with `as_text`.

    Raises:
        DataError: naming the line that is no row of the table; no cell is shown.
    """
    encoding, dialect = guess(source, options)
    counts = Counts()
    header_row = 1 if options.header_row is None else options.header_row
    with closing(records(source, encoding, dialect, header_row=header_row, counts=counts)) as rows:
        census, notes = _counted(source, rows, options, scratch, as_text=as_text)
    signs = signs_of(census, dialect.separator, decimal=options.decimal, thousands=options.thousands)
    kinds, said, doubts = verdicts(census, signs=signs, dates=options.dates or "guess")
    said = [f"column {name!r} stays text: {doubt.said}" for name, doubt in doubts.items()] + said
    return Reading(
        schema=pl.DataFrame(schema={name: one.type for name, one in kinds.items()}).to_arrow().schema,
        batches=_typed(scratch, kinds),
        facts={
            "separator": dialect.separator,
            "quote": dialect.quote or "none",
            "encoding": encoding,
            "decimal": signs.decimal,
        },
        notes=[*_letters(dialect), *notes, *counts.notes(), *census.notes(), *said],
    )


def _letters(dialect: Dialect) -> list[str]:
    return [
        f"quotation marks are read as letters: one in line {dialect.bad_line} is not closed, or stands where none can "
        "stand; data.quote says otherwise"
    ] * bool(dialect.bad_line)


def _counted(
    source: Path, rows: Iterator[list[str]], options: TableOptions, scratch: Scratch, *, as_text: bool
) -> tuple[Census, list[str]]:
    """Write all cells as text, and count what they are; with notes of the names of columns."""
    header = next(rows, None)
    if header is None:
        raise DataError(f"{source}: holds no row. Give a table with a line of names, or another file.")
    _refuse_title(source, header, options)
    names, notes = named(header)
    _check_kept(source, names, options)
    first = next(rows, None)
    if first is None:
        raise DataError(f"{source}: holds the names of {len(names)} columns and no row.")
    census = Census(names, settled=set(names if as_text else options.keep_as_text))
    _write_texts(chain([first], rows), census, scratch, nulls=frozenset(options.null_values))
    return census, notes


def _refuse_title(source: Path, header: list[str], options: TableOptions) -> None:
    """Refuse a line above the names of the columns, as reports of spreadsheets have it."""
    blank = sum(not name.strip() for name in header)
    if options.header_row is None and len(header) > 1 and blank * 2 > len(header):
        raise DataError(
            f"{source}: {blank} of {len(header)} columns have no name in the first row, which seems to be a title. Set "
            "data.header_row to the row with the names (counted from 1, without blank lines; 0 if there is none)."
        )


def _check_kept(source: Path, names: list[str], options: TableOptions) -> None:
    for name in options.keep_as_text:
        if name not in names:
            raise DataError(f"data.keep_as_text: {source} has no column {name!r}. {did_you_mean(name, names)}")


def _write_texts(rows: Iterator[list[str]], census: Census, scratch: Scratch, *, nulls: frozenset[str]) -> None:
    """Write all cells as text, empty ones as null, and count what they are."""
    schema = pa.schema([pa.field(name, pa.string()) for name in census.names])
    none = nulls | {""}
    with parquet_writer(scratch, schema) as writer:
        while batch := _batch(rows):
            columns = [[None if cell in none else cell for cell in column] for column in zip(*batch, strict=True)]
            table = pa.table([pa.array(column, pa.string()) for column in columns], schema=schema)
            census.add(cast(pl.DataFrame, pl.from_arrow(table)))
            writer.write_table(table)


def _batch(rows: Iterator[list[str]]) -> list[list[str]]:
    """The next rows: as many as make a row group, in number or in length."""
    found: list[list[str]] = []
    chars = 0
    for row in islice(rows, BATCH_ROWS):
        found.append(row)
        chars += sum(map(len, row))
        if chars > BATCH_CHARS:
            break
    return found


def _typed(scratch: Scratch, kinds: dict[str, Verdict]) -> Iterator[pa.Table]:
    with open_parquet(scratch) as parquet:
        for index in range(parquet.num_row_groups):
            texts = cast(pl.DataFrame, pl.from_arrow(parquet.read_row_group(index)))
            yield texts.select(typed(name, one).alias(name) for name, one in kinds.items()).to_arrow()
