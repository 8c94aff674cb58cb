"""The rows of delimited text, one by one, each with the number of its line. What is no table is refused there."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from glane.errors import DataError
from glane.tables.dialect import SINGLE, Dialect
from glane.tables.encodings import first_bad_line
from glane.tables.streams import opened

_MOST_CELL = 2**26  # characters; an open quotation mark makes one cell of all that follows
_MARK = "\ufeff"
_MISPLACED = re.compile(r"expected after|unexpected end|new-line")


@dataclass(slots=True)
class Counts:
    """What was passed over."""

    blank_lines: int = 0
    marks: int = 0  # byte order marks within the file
    headers: int = 0  # rows that say the names of the columns again
    empty_rows: int = 0  # at the end
    like_rows: int = 0  # cells of several lines, each of which could be a row
    first_like_rows: int = 0  # the line of the first of them

    def notes(self) -> list[str]:
        """A note for each kind."""
        said = (
            (self.empty_rows, f"{self.empty_rows} empty rows at the end are left out"),
            (self.blank_lines, f"{self.blank_lines} blank lines are left out"),
            (
                self.headers,
                f"{self.headers} rows repeat the names of the columns and are left out: several files were put "
                "together",
            ),
            (self.marks, f"{self.marks} byte order marks within the file are left out"),
            (
                self.like_rows,
                f"{self.like_rows} cells hold several lines with as many separators as a row has, the first in line "
                f"{self.first_like_rows}: if rows are missing, a quotation mark is not closed there",
            ),
        )
        return [note for count, note in said if count]


def records(path: Path, encoding: str, dialect: Dialect, *, header_row: int, counts: Counts) -> Generator[list[str]]:
    """The header, then the rows, all of one width. With `header_row` 0 the header is made of empty names.

    Raises:
        DataError: naming the line of a row with more or fewer cells, of bytes that are not of the encoding, of a
            quotation mark out of place, or of a NUL. It shows no cell.
    """
    with long_cells(), opened(path) as stream:
        text = io.TextIOWrapper(stream, encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="")
        for _ in range(dialect.told_lines):
            text.readline()
        lines = _Lines(text, path, counts, before=dialect.told_lines)
        try:
            yield from _rows(csv.reader(lines, **dialect.parameters()), lines, path, dialect, header_row, counts)
        except UnicodeDecodeError:
            raise _undecodable(path, encoding) from None
        finally:
            text.detach()


class _Lines:
    """The lines of a text, counted, without marks and NULs."""

    def __init__(self, text: IO[str], path: Path, counts: Counts, *, before: int) -> None:
        self._text, self._path, self._counts, self.number = text, path, counts, before

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(_MOST_CELL)
        if not line:
            raise StopIteration
        self.number += 1
        if "\0" in line:
            raise DataError(
                f"{self._path}: line {self.number} holds a NUL, which no text has: the file is damaged, or is no "
                "delimited text. Export it again."
            )
        if line.startswith(_MARK):
            self._counts.marks += self.number > 1
            line = line.lstrip(_MARK)
        return line


def _rows(
    reader: Iterator[list[str]], lines: _Lines, path: Path, dialect: Dialect, header_row: int, counts: Counts
) -> Iterator[list[str]]:
    header: list[str] | None = None
    begin, number, pending = lines.number, 0, 0
    while True:
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise _unreadable(path, begin + 1, error) from None
        if row is None:
            break
        line, num_lines, begin = begin + 1, lines.number - begin, lines.number
        if not row:
            counts.blank_lines += 1
            continue
        number += 1
        if header is None:
            if number < header_row:
                continue
            header = row if header_row else [""] * len(row)
            yield header
            if header_row:
                continue
        if len(row) != len(header):
            raise _ragged(path, line, len(row), header, dialect)
        if num_lines > 1 and _holds_rows(row, dialect.separator):
            counts.like_rows += 1
            counts.first_like_rows = counts.first_like_rows or line
        if not any(row):
            pending += 1
            continue
        if row == header:
            counts.headers += 1
            continue
        yield from [[""] * len(header)] * pending
        pending = 0
        yield row
    counts.empty_rows = pending


def _holds_rows(row: list[str], separator: str) -> bool:
    """Whether a cell has the rest of a row, perhaps whole rows, and the begin of another.

    An open mark ends at the next one, wherever that stands. What begins a row is taken to be one word, as ids are.
    """
    last = len(row) - 1
    for at, cell in enumerate(row):
        first, *lines = cell.split("\n")
        if not lines or not last or first.count(separator) != last - at:
            continue
        wanted = [last] * (len(lines) - 1) + [at]
        are_rows = [line.count(separator) for line in lines] == wanted
        if are_rows and all(len(line.split(separator)[0].split(" ")) == 1 for line in lines):
            return True
    return False


def _ragged(path: Path, line: int, width: int, header: list[str], dialect: Dialect) -> DataError:
    shown = {"\t": "tab", SINGLE: "none"}.get(dialect.separator, dialect.separator)
    return DataError(
        f"{path}: the row of line {line} has {width} cells, and the header has {len(header)} (separator {shown}). A "
        "cell with the separator or a line break in it needs quotation marks around it. Mend that row; or, if the "
        "separator or the header is another one, set data.separator, data.quote or data.header_row."
    )


def _unreadable(path: Path, line: int, error: csv.Error) -> DataError:
    what = (
        "a quotation mark that is not closed, or stands where none can stand"
        if _MISPLACED.search(str(error))
        else f"a cell of more than {_MOST_CELL >> 20} Mi characters: a quotation mark is not closed"
    )
    return DataError(
        f"{path}: the row that begins in line {line} has {what}. Mend it, export the table again, or, if quotation "
        "marks are plain letters in it, set data.quote=none."
    )


def _undecodable(path: Path, encoding: str) -> DataError:
    line = None if encoding.startswith(("utf-16", "utf-32")) else first_bad_line(path, encoding)
    place = "some of it" if line is None else f"line {line}"
    return DataError(
        f"{path}: {place} is not {encoding}. Set data.encoding to that of the file; left out, it is guessed."
    )


@contextmanager
def long_cells() -> Iterator[None]:
    """The csv module takes cells of 128 KiB, which is less than a long note; its limit is one of the process."""
    before = csv.field_size_limit(min(_MOST_CELL, sys.maxsize))
    try:
        yield
    finally:
        csv.field_size_limit(before)
