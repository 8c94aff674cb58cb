"""What was found out of a table as it became Parquet: told in a line, and kept with what was made of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field as Key

from glane.records import Record, left_out

_SIGNS = {"\t": "tab", " ": "space", "\x1f": "none (a single column)"}
_ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "Windows-1252",
    "cp1250": "Windows-1250",
    "iso8859-2": "Latin-2",
    "iso8859-15": "Latin-9",
    "mac-roman": "Mac Roman",
    "cp850": "DOS (cp850)",
}


class TableShape(Record):
    """How a table was read. It holds names of columns, and no cell."""

    kind: Literal["glane table"] = "glane table"
    version: Literal[1] = 1
    source: str  # the name of the file
    format: str
    bytes: int  # of the file, as it lies there
    digest: str  # BLAKE2b of its bytes
    rows: int
    columns: int
    separator: str | None = left_out()
    quote: str | None = left_out()
    encoding: str | None = left_out()
    decimal: str | None = left_out()
    sheet: str | None = left_out()
    table: str | None = left_out()
    query: str | None = left_out()
    notes: tuple[str, ...] = Key(default=(), exclude_if=lambda value: not value)  # what was changed, or left as text

    def line(self) -> str:
        """All that was guessed, and how many rows came of it, in one line."""
        found = [self.format]
        if self.separator is not None:
            found.append(f"separator {_SIGNS.get(self.separator, self.separator)}")
        if self.quote not in (None, '"'):
            found.append("no quotation marks" if self.quote == "none" else f"cells between {self.quote}")
        if self.encoding is not None:
            found.append(_ENCODINGS.get(self.encoding, self.encoding))
        if self.decimal is not None:
            found.append(f"decimal {'comma' if self.decimal == ',' else 'point'}")
        found += [f"sheet {self.sheet!r}"] * (self.sheet is not None)
        found += [f"table {self.table}"] * (self.table is not None)
        found += ["result of a query"] * (self.query is not None)
        return f"{self.source}: read as {', '.join(found)}: {self.rows} rows, {self.columns} columns"

    def lines(self) -> list[str]:
        """That line, and one for each note."""
        return [self.line(), *(f"{self.source}: {note}" for note in self.notes)]
