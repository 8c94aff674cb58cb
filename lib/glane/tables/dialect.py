"""How cells of delimited text stand beside each other, by its first rows: separator, quotation marks, decimal sign.

A wrong separator does not fail: it makes one column of all. What makes the first rows as wide as the header is taken.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

_SEPARATORS = (";", ",", "\t", "|")
_QUOTES = (('"', False), ('"', True), ("'", False), ("", False))  # the mark, and whether it is escaped
_MARKED = ";,"
_ROWS = 200
_SEP_LINE = re.compile(r'\ufeff?"?sep=(.)"?;*,*\r?\n?', re.IGNORECASE)  # Excel's own first line
_APOSTROPHE = re.compile(r"(?:^|[;,\t|])'", re.MULTILINE)  # where a cell begins
SINGLE = "\x1f"  # a sign that no text holds, where there is a single column


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How a file of delimited text is written. `quote` is empty where quotation marks are letters as others."""

    separator: str
    quote: str = '"'
    has_escapes: bool = False  # a quotation mark in a cell has a backslash before it
    told_lines: int = 0  # lines before the header that tell the separator
    bad_line: int = 0  # where marks are letters: that of the first one that would be no mark, from 1

    def parameters(self) -> dict[str, Any]:
        """For Python's csv module."""
        quoting = csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE
        return {
            "delimiter": self.separator, "quotechar": self.quote or None, "quoting": quoting, "strict": True,
            "escapechar": "\\" if self.has_escapes else None,
        }  # fmt: skip


def dialect_of(head: str, *, is_whole: bool, separator: str | None, quote: str | None) -> Dialect:
    """The dialect of a text by its beginning, with what was told. A text with one column by all signs has one."""
    told = _SEP_LINE.match(head)
    lines = 0
    if told is not None:
        head, lines = head[told.end() :], 1
        separator = separator or told[1]
    head = head.removeprefix("\ufeff")
    signs = (separator,) if separator else _SEPARATORS
    quotes = [("" if quote == "none" else quote, False)] if quote else list(_QUOTES)
    if '\\"' not in head:
        quotes = [one for one in quotes if not one[1]]
    if quote is None and not _APOSTROPHE.search(head):
        quotes = [one for one in quotes if one[0] != "'"]
    best, of_best = None, (-1.0, 0)
    for mark, escapes in quotes:
        # Programs write tabs without marks around cells. Between commas and semicolons, an open mark is a mistake.
        for sign in signs if mark or quote is not None else [one for one in signs if one not in _MARKED]:
            one = Dialect(separator=sign, quote=mark, has_escapes=escapes, told_lines=lines)
            here = _evenness(list(_rows(head, one, is_whole=is_whole)))
            # Marks that are rare are taken only where they make every row even, and the usual ones do not.
            if here > of_best and (best is None or mark == best.quote != "" or here[0] == 1 > of_best[0]):
                best, of_best = one, here
        if of_best[0] == 1:
            break
    assert best is not None
    if separator is None and of_best[1] < 2:
        return Dialect(separator=SINGLE, told_lines=lines, quote='"' if quote != "none" else "")
    if best.quote or quote is not None:
        return best
    return replace(best, bad_line=_bad_line(head, replace(best, quote='"')))


def _bad_line(head: str, dialect: Dialect) -> int:
    """The line of the row that is none with these marks; 0 if the first rows are."""
    reader, before = csv.reader(io.StringIO(head, newline=""), **dialect.parameters()), 0
    try:
        for _ in reader:
            before = reader.line_num
    except csv.Error:
        return dialect.told_lines + before + 1
    return 0


def _rows(head: str, dialect: Dialect, *, is_whole: bool) -> Iterator[list[str]]:
    """The first rows that are not blank, without the last of a head that is cut. What cannot be read ends in a row of
    its own kind, so that it counts as uneven.
    """
    reader, last, count = csv.reader(io.StringIO(head, newline=""), **dialect.parameters()), None, 0
    try:
        for row in reader:
            if last:
                yield last
                count += 1
                if count > _ROWS:
                    return
            last = row
    except csv.Error:
        if not is_whole and reader.line_num >= head.count("\n"):
            if last:  # a cell goes on behind the head, and the row before it is whole
                yield last
            return
        # The header tells the columns also where the row below it is none.
        yield last or head.split("\n", 1)[0].split(dialect.separator)
        yield from [[]] * max(1, count)
        return
    if is_whole and last:
        yield last


def _evenness(rows: Sequence[list[str]]) -> tuple[float, int]:
    """The share of rows as wide as the header, if that has several columns; and the columns of the header."""
    width = len(rows[0]) if rows else 0
    if width < 2:
        return 0.0, width
    return sum(len(row) == width for row in rows) / len(rows), width
