"""JSON lines and JSON arrays of objects: a row each. Two passes: types of all values first, then rows of these."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from glane.errors import DataError
from glane.tables.encodings import of_unicode
from glane.tables.json_types import NULL, JsonType, TooDeepError, merged, type_of
from glane.tables.reading import BATCH_ROWS, Reading, listed
from glane.tables.streams import opened

_MOST_BYTES = 2**30  # of a JSON array, which is read whole
_MOST_LINE = 2**26  # bytes of a line, which is a row; characters, where the file is UTF-16
_HEAD_BYTES = 4096
_MOST_COLUMNS = 10_000
_Rows = Callable[[], Iterable[tuple[int, dict[str, Any]]]]


def read_json_lines(source: Path) -> Reading:
    """Read a file with a JSON object a line.

    Raises:
        DataError: naming the line that is no object, or has a name twice.
    """
    return _reading(source, lambda: _lines(source))


def read_json_array(source: Path) -> Reading:
    """Read a file that is one JSON array of objects, in memory; or one that is JSON lines by another name.

    Raises:
        DataError: if it is neither, or has more than 1 GiB.
    """
    with source.open("rb") as stream:
        head = stream.read(_HEAD_BYTES)
    if not head.decode(json.detect_encoding(head), "replace").lstrip("\ufeff \t\r\n").startswith("["):
        return read_json_lines(source)
    if source.stat().st_size > _MOST_BYTES:
        raise DataError(f"{source}: a JSON array of more than 1 GiB is not read. Write JSON lines, an object a line.")
    try:
        found = _parsed(source.read_bytes())
    except ValueError as error:
        raise DataError(f"{source}: is not JSON ({_problem(error)}). Export it again.") from None
    for number, row in enumerate(found, 1):
        if not isinstance(row, dict):
            raise DataError(f"{source}: element {number} of the array is no object. Give an array of objects.")
    return _reading(source, lambda: enumerate(found, 1))


class _Twice(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Twice
    return found


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content, object_pairs_hook=_object)
    except RecursionError:
        raise TooDeepError from None


def _problem(error: ValueError) -> str:
    """What is wrong, without the text around it."""
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return "its text is not UTF-8"
    if isinstance(error, TooDeepError):
        return "it is nested too deep"
    return "an object has a name twice" if isinstance(error, _Twice) else "a number of it has more than 4,300 digits"


def _lines(source: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with opened(source) as stream:
        encoding = of_unicode(stream.read(2**12))
    with opened(source) as stream:
        lines: IO[Any] = io.TextIOWrapper(stream, encoding=encoding) if encoding else stream
        for number, found in enumerate(iter(partial(lines.readline, _MOST_LINE + 1), lines.read(0)), 1):
            if len(found) > _MOST_LINE:
                raise DataError(
                    f"{source}: line {number} is longer than {_MOST_LINE >> 20} Mi characters. Write JSON lines, an "
                    "object a line."
                )
            line: bytes = found.encode() if isinstance(found, str) else found
            line = line.removeprefix(b"\xef\xbb\xbf").strip()
            if not line:
                continue
            try:
                row = _parsed(line)
            except ValueError as error:
                what = "it is no JSON" if isinstance(error, json.JSONDecodeError) else _problem(error)
                raise DataError(f"{source}: line {number} cannot be read: {what}. Mend it or take it out.") from None
            if not isinstance(row, dict):
                raise DataError(f"{source}: line {number} is no JSON object. Each line is a row: {{name: value, …}}.")
            yield number, row


def _reading(source: Path, rows: _Rows) -> Reading:
    types: dict[str, JsonType] = {}
    for number, row in rows():
        try:
            for name, value in row.items():
                types[name] = merged(types.get(name, NULL), type_of(value))
        except TooDeepError as error:
            raise DataError(
                f"{source}: row {number} cannot be read: {_problem(error)}. Mend it or take it out."
            ) from None
        if len(types) > _MOST_COLUMNS:
            raise DataError(f"{source}: has more than {_MOST_COLUMNS} names of columns: its keys seem to be data.")
    if not types:
        raise DataError(f"{source}: holds no row.")
    mixed = [name for name, one in types.items() if one.name == "text"]
    reading = Reading(schema=pa.schema([pa.field(name, one.arrow()) for name, one in types.items()]), batches=())
    if mixed:
        reading.notes.append(f"made text, as no other type holds all values: {listed(mixed)}")
    reading.batches = _batches(rows, types, reading)
    return reading


def _batches(rows: _Rows, types: dict[str, JsonType], reading: Reading) -> Iterator[pa.Table]:
    going, num_mended = iter(rows()), 0
    while batch := [row for _, row in islice(going, BATCH_ROWS)]:
        columns = []
        for name, one in types.items():
            values = [one.value(row.get(name)) for row in batch]
            try:
                columns.append(pa.array(values, one.arrow()))
            except UnicodeEncodeError:  # half of a surrogate pair, which JSON can hold and UTF-8 cannot
                num_mended += 1
                columns.append(pa.array(_mended(values), one.arrow()))
        yield pa.table(columns, schema=reading.schema)
    if num_mended:
        reading.notes.append("halves of characters, which no text can hold, are replaced by \ufffd")


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    if isinstance(value, list):
        return [_mended(one) for one in value]
    return {name: _mended(one) for name, one in value.items()} if isinstance(value, dict) else value
