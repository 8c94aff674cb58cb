"""Word files of before 2007, by their table of pieces. Source: [MS-DOC], Word Binary File Format.

Pictures, formulas and what a program would compute are left out. What was deleted with changes tracked is left out.
"""

from __future__ import annotations

import itertools
import re
import struct

from glane.documents import ole
from glane.documents.readers.doc_deletions import deletions
from glane.documents.reading import Context, Reading, corrupt, encrypted
from glane.encodings.detect import decoded

_MAGIC = frozenset({0xA5EC, 0xA5DC})
_WORD_97 = 193  # nFib; before it, text stands in one piece, in 8 bits
_ENCRYPTED, _SECOND_TABLE, _IN_PIECES = 0x0100, 0x0200, 0x0004
_UNICODE = 0x40000000
# Lengths of the stories, in their order: text, notes, headers, macros, comments, endnotes, boxes, boxes of headers.
_LENGTHS = 0x4C
_CLX, _CLX_95, _MIN = 0x01A2, 0x0160, 0x18
_HEADERS, _MACROS, _COMMENTS = 2, 3, 4
_FIELD = re.compile(r"\x13[^\x13\x14\x15]*\x15|\x13[^\x13\x14\x15]*\x14([^\x13\x14\x15]*)\x15")
_MOST_FIELDS = 20  # within one another
_SPECIAL = str.maketrans({
    "\r": "\n", "\x0b": "\n", "\x0c": "\n", "\x0e": "\n", "\x1e": "\u2011", "\x1f": None, "\x01": None, "\x02": None,
    "\x03": None, "\x04": None, "\x05": None, "\x08": None, "\x13": None, "\x14": None, "\x15": None, "\x00": None,
})  # fmt: skip


def read(data: bytes, context: Context) -> Reading:
    """Read its text, then notes, comments and boxes.

    Raises:
        Unread: if it is damaged or encrypted.
    """
    storage = ole.opened(data)
    document = ole.stream(storage, "WordDocument")
    if document is None or len(document) < _CLX or _word(document, 0) not in _MAGIC:
        raise corrupt("its main stream is cut off or damaged")
    flags = _word(document, 0x0A)
    if flags & _ENCRYPTED:
        raise encrypted()
    try:
        if _word(document, 2) < _WORD_97:
            text = _shown(_of_word_95(document, flags)).strip("\n")
        else:
            table = ole.stream(storage, "1Table" if flags & _SECOND_TABLE else "0Table")
            if table is None:
                raise corrupt("its table of pieces is missing")
            text = _text(document, table, context)
    except struct.error:
        raise corrupt("its table of pieces is damaged") from None
    return Reading(text=text, metadata=ole.metadata(storage))


def _of_word_95(document: bytes, flags: int) -> str:
    """Text in 8 bits, in one piece, or in several after a quick save; the table of these is in the same stream."""
    if not flags & _IN_PIECES:
        start, end = struct.unpack_from("<II", document, _MIN)
        return decoded(document[start:end])[0]
    at, size = struct.unpack_from("<II", document, _CLX_95)
    places, kinds = _piece_table(document, document[at : at + size])
    return decoded(b"".join(document[kind : kind + end - start] for (start, end), kind in zip(places, kinds)))[0]


def _text(document: bytes, table: bytes, context: Context) -> str:
    text = _pieces(document, table)
    stories, at = [], 0
    for length in struct.unpack_from("<8I", document, _LENGTHS):
        stories.append(text[at : at + length])
        at += length
    left_out = {_MACROS}
    left_out |= set() if context.options.comments else {_COMMENTS}
    left_out |= set() if context.options.headers_and_footers else {_HEADERS, 7}
    shown = [_shown(story) for number, story in enumerate(stories) if number not in left_out]
    return "\n".join(story.strip("\n") for story in shown if story.strip())


def _pieces(document: bytes, table: bytes) -> str:
    at, size = struct.unpack_from("<II", document, _CLX)
    places, kinds = _piece_table(document, table[at : at + size])
    deleted = deletions(document, table)
    text = []
    for (start, end), kind in zip(places, kinds):
        is_wide = not kind & _UNICODE
        size = 2 if is_wide else 1
        at = kind & (_UNICODE - 1) if is_wide else (kind & (_UNICODE - 1)) // 2
        data = document[at : at + size * (end - start)]
        piece = data.decode("utf-16-le", "replace") if is_wide else data.decode("cp1252", "replace")
        piece = piece.ljust(end - start, "\x00")[: end - start]  # stories are counted in these units
        for first, last in deleted:
            if first < at + len(data) and last > at:
                left, right = max(0, (first - at) // size), min(end - start, (last - at) // size)
                piece = piece[:left] + "\x00" * (right - left) + piece[right:]
        text.append(piece)
    return "".join(text)


def _piece_table(document: bytes, clx: bytes) -> tuple[list[tuple[int, int]], list[int]]:
    at = 0
    while at < len(clx) and clx[at] == 1:  # formats of pieces
        at += 3 + struct.unpack_from("<H", clx, at + 1)[0]
    if at + 5 > len(clx) or clx[at] != 2:
        raise corrupt("its table of pieces is damaged")
    (size,) = struct.unpack_from("<I", clx, at + 1)
    count = min((size - 4) // 12, (len(clx) - at - 9) // 12)
    ends = struct.unpack_from(f"<{count + 1}I", clx, at + 5)
    first = at + 5 + 4 * (count + 1)
    kinds = [struct.unpack_from("<HIH", clx, first + 8 * number)[1] for number in range(count)]
    places = list(itertools.pairwise(ends))
    if any(end < start or end - start > len(document) for start, end in places):
        raise corrupt("its table of pieces is damaged")
    return places, kinds


def _shown(text: str) -> str:
    """What Word shows: fields as their results, rows of tables as lines."""
    for _ in range(_MOST_FIELDS):
        text, count = _FIELD.subn(lambda found: found[1] or "", text)
        if not count:
            break
    text = text.replace("\x00", "").replace("\x07\x07", "\n")
    return re.sub(r"\t+\n", "\n", text.replace("\x07", "\t").translate(_SPECIAL))


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")
