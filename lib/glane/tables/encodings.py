"""In which encoding a text is written, by its bytes: all of them, since the first accent may stand at the end.

A table of which some lines are UTF-8 and others are not is refused: its parts are of several encodings.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO

from glane.encodings.detect import eight_bit, marked, wide
from glane.errors import DataError
from glane.tables.streams import opened

_CHUNK = 2**20
_SAMPLE = 2**18  # bytes of lines that are not UTF-8
_MOST_LINE = 2**28
_LEAST_ZEROS = 0.1  # of the first bytes, where each letter has two or four; fewer are damage
_FEW = 0.05  # lines that are UTF-8 by chance among those of another encoding


def encoding_of(path: Path) -> str:
    """The encoding of a file of text, as Python names it.

    Raises:
        DataError: if some lines are UTF-8 and others are not, naming the first one that differs; or if it is no text.
    """
    with opened(path) as stream:
        head = stream.read(_CHUNK)
        if (known := of_unicode(head)) is not None:
            return known
        is_utf8, others, sample, first = 0, 0, bytearray(), 0
        for number, line in enumerate(_lines(head, stream, path), 1):
            if line.isascii():
                continue
            try:
                line.decode("utf-8")
                is_utf8 += 1
            except UnicodeDecodeError:
                others += 1
                first = first or number
                sample += line[: _SAMPLE - len(sample)]
    if not others:
        return "utf-8"
    if is_utf8 > _FEW * (is_utf8 + others):
        raise DataError(
            f"{path}: {is_utf8} lines with accents are UTF-8 and {others} are not, the first of them line {first}: "
            "parts of several encodings were put together, or the file is cut off. Save the parts in one encoding; or "
            "set data.encoding, if it is of one, and the accents of the other lines do not matter."
        )
    return eight_bit(bytes(sample))


def first_bad_line(path: Path, encoding: str) -> int | None:
    """The number of the first line that is not of an encoding with line feeds of one byte; None if there is none."""
    with opened(path) as stream:
        for number, line in enumerate(_lines(b"", stream, path), 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                return number
    return None


def _lines(head: bytes, stream: IO[bytes], path: Path) -> Iterator[bytes]:
    rest = head
    while chunk := stream.read(_CHUNK):
        *lines, last = (rest + chunk).split(b"\n")
        yield from lines
        rest = last
        if len(rest) > _MOST_LINE:
            raise DataError(f"{path}: has a line of more than {_MOST_LINE >> 20} MiB, and is no table of text.")
    yield from rest.split(b"\n")


def of_unicode(head: bytes) -> str | None:
    """UTF-16 or UTF-32, by its mark, or by the zeros of plain letters; None if it is not, or UTF-8."""
    if (mark := marked(head)) is not None:
        return None if mark[1] == "utf-8" else mark[1]
    return wide(head) if head[:4096].count(0) > _LEAST_ZEROS * len(head[:4096]) else None
