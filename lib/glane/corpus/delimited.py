"""How a file of separated values is read, from its bytes: encoding, separator, and decimal commas.

A wrong separator or encoding does not fail: it makes one column of all, or other letters of accents.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from dataclasses import dataclass
from pathlib import Path

_SEPARATORS = (";", ",", "\t", "|")
_HEAD_BYTES = 2**20  # what separators are counted in
_MOST_BYTES = 2**26  # what is looked at for the encoding
_ROWS = 200
_DECIMAL_COMMA = re.compile(r"\s*[-+]?\d+,\d+\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a file of separated values is written."""

    separator: str
    encoding: str  # as Polars takes it
    has_decimal_commas: bool


def shape_of(path: Path) -> Shape | None:
    """The shape of a file; None if it has a single column by every separator, or cannot be read."""
    try:
        with path.open("rb") as stream:
            content = stream.read(_MOST_BYTES)
    except OSError:
        return None
    encoding = _encoding(content)
    head = codecs.getincrementaldecoder("utf-8-sig" if encoding == "utf8" else encoding)("replace").decode(
        content[:_HEAD_BYTES]
    )
    rows = {sign: _rows(head, sign, is_whole=len(content) <= _HEAD_BYTES) for sign in _SEPARATORS}
    separator = max(_SEPARATORS, key=lambda sign: _evenness(rows[sign]))
    if _evenness(rows[separator])[1] < 2:
        return None
    cells = [cell for row in rows[separator][1:] for cell in row]
    return Shape(
        separator=separator,
        encoding=encoding,
        has_decimal_commas=separator != "," and any(map(_DECIMAL_COMMA.fullmatch, cells)),
    )


def reading_line(path: Path, shape: Shape) -> str:
    """The line that reads such a file with Polars and writes it as Parquet; all stays text, so that zeros are kept."""
    options = [json.dumps(str(path), ensure_ascii=False), f"separator={json.dumps(shape.separator)}"]
    options += [f'encoding="{shape.encoding}"'] if shape.encoding != "utf8" else []
    target = json.dumps(str(path.with_suffix(".parquet")), ensure_ascii=False)
    return f"pl.read_csv({', '.join(options)}, infer_schema=False).write_parquet({target})"


def _encoding(content: bytes) -> str:
    """UTF-8 and UTF-16 are told by themselves; what is neither is taken for Windows-1252, as spreadsheets write it."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(content, final=len(content) < _MOST_BYTES)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf8"


def _rows(head: str, separator: str, *, is_whole: bool) -> list[list[str]]:
    """The first rows; the last one of a head that is cut is left out."""
    found = []
    try:
        for row in csv.reader(io.StringIO(head, newline=""), delimiter=separator):
            found.append(row)
            if len(found) > _ROWS:
                break
    except csv.Error:
        return found
    return [row for row in (found if is_whole else found[:-1]) if row]


def _evenness(rows: list[list[str]]) -> tuple[float, int]:
    """The share of rows as wide as the header, if that has several columns; and the columns of the header."""
    width = len(rows[0]) if rows else 0
    if width < 2:
        return 0.0, width
    return sum(len(row) == width for row in rows) / len(rows), width
