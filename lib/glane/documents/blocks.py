"""Paragraphs, breaks and tables become lines. What all kinds of office file and web page have in common."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_LONGEST_CELL = 400  # characters; a table with longer cells lays out a page, and its cells are paragraphs
_BLANKS = re.compile(r"[ \t\n\r\f]+")


@dataclass(slots=True)
class _Table:
    rows: list[list[str]] = field(default_factory=list)
    before: list[list[str]] = field(default_factory=list)  # what was being written when a cell of it began


class Writer:
    """Writes text in lines. Cells of a table's row become one line, parted by tabs."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._tables: list[_Table] = []
        self._is_at_start = True

    def add(self, text: str) -> None:
        """Write text as it stands."""
        if text:
            self._pieces.append(text)
            self._is_at_start = text.endswith("\n")

    def flow(self, text: str) -> None:
        """Write text of a web page: blanks and line feeds are one blank, and none at the start of a line."""
        text = _BLANKS.sub(" ", text)
        if text.startswith(" ") and (self._is_at_start or (self._pieces and self._pieces[-1].endswith(" "))):
            text = text[1:]
        self.add(text)

    def end_line(self) -> None:
        """Begin a new line, if this one has anything."""
        if not self._is_at_start:
            self.add("\n")

    def blank_line(self) -> None:
        """Leave a line free, but for at the start."""
        self.end_line()
        if self._pieces and not self._pieces[-1].endswith("\n\n") and self._pieces[-2:] != ["\n", "\n"]:
            self.add("\n")

    def begin_table(self) -> None:
        """What follows belongs to a table, until it ends."""
        self.end_line()
        self._tables.append(_Table())

    def begin_row(self) -> None:
        """A row of the innermost table."""
        if self._tables:
            self._tables[-1].rows.append([])

    def begin_cell(self) -> None:
        """A cell of the row that began last."""
        if self._tables:
            self._tables[-1].before.append(self._pieces)
            self._pieces, self._is_at_start = [], True

    def end_cell(self, repeat: int = 1) -> None:
        """End the cell, which spans `repeat` columns of the same text."""
        if self._tables and self._tables[-1].before:
            text = "".join(self._pieces).strip()
            table = self._tables[-1]
            self._pieces = table.before.pop()
            self._is_at_start = not self._pieces or self._pieces[-1].endswith("\n")
            if not table.rows:
                table.rows.append([])
            table.rows[-1].extend([text] * repeat)

    def end_table(self) -> None:
        """Write the table."""
        if not self._tables:
            return
        while self._tables[-1].before:
            self.end_cell()
        rows = self._tables.pop().rows
        for cells in rows:
            self.add(_row(cells))
            self.end_line()

    def text(self) -> str:
        """Return all that was written, tables that did not end included."""
        while self._tables:
            self.end_table()
        return "".join(self._pieces)


def _row(cells: list[str]) -> str:
    """A row as one line; of cells that hold pages, as paragraphs."""
    if any(len(cell) > _LONGEST_CELL for cell in cells):
        return "\n".join(cell for cell in cells if cell)
    return "\t".join(" ".join(cell.split()) for cell in cells).rstrip("\t")
