"""In which encoding a text is written, by its bytes: all of them, since the first accent may stand at the end.

UTF-8 and UTF-16 are told by themselves. The older ones of Western languages are told by what their letters would be:
an accent stands within a word, and a fraction or a box-drawing sign does not.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from glane.errors import DataError
from glane.tables.streams import opened

_CHUNK = 2**20
_SAMPLE = 2**18  # bytes of lines that are not UTF-8
_MOST_LINE = 2**28
_LEGACY = ("cp1252", "iso8859-15", "mac-roman", "cp850")  # of equal ones the first is taken
_LETTERS = frozenset("àâäçéèêëîïôöùûüÿœæñáíóúìòãõåøßÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸŒÆÑÁÍÓÚ")
_PLAIN = frozenset("«»’‘“”…–—€°²³µ§·\xa0•×±ºª")
_FEW = 0.05  # lines that are UTF-8 by chance among those of another encoding


def encoding_of(path: Path) -> str:
    """The encoding of a file of text, as Python names it.

    Raises:
        DataError: if some lines are UTF-8 and others are not, naming the first one that differs; or if it is no text.
    """
    with opened(path) as stream:
        head = stream.read(_CHUNK)
        if (wide := _wide(head)) is not None:
            return wide
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
    return _legacy(bytes(sample))


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


def _wide(head: bytes) -> str | None:
    """UTF-16, by its mark, or by the zeros of plain letters where the mark is missing; None if it is not."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    some = head[:4096]
    zeros = [some[start::2].count(0) / max(1, len(some[start::2])) for start in (0, 1)]
    for start, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        if zeros[start] > 0.4 and zeros[1 - start] < 0.05:
            return name
    return None


def _legacy(sample: bytes) -> str:
    return max(_LEGACY, key=lambda name: (_score(sample, name), -_LEGACY.index(name)))


def _score(sample: bytes, encoding: str) -> float:
    """How far the letters above ASCII are such as words have them; a byte that the encoding lacks weighs most."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        text = sample.decode(encoding, "replace")
    score = 0.0
    for at, sign in enumerate(text):
        if sign < "\x80":
            continue
        near = text[max(0, at - 1) : at] + text[at + 1 : at + 2]
        within = any(one.isascii() and one.isalpha() for one in near)
        if sign in _LETTERS:
            # a capital after a small letter is rather a byte of another encoding
            is_odd = sign.isupper() and at > 0 and text[at - 1].islower()
            score += -1 if is_odd else 2 if within else 1
        elif sign in _PLAIN:
            score += 1
        elif sign == "\ufffd" or not sign.isprintable():
            score -= 5
        else:
            score -= 1
    return score
