"""Where text of a Word file of before 2007 is marked as deleted or hidden. Source: [MS-DOC], 2.4.6 and 2.6.1."""

from __future__ import annotations

import struct

_BINS = 0xFA  # of the header: where the table of pages of character formats is, and its size
_PAGE = 512
_DELETED, _HIDDEN = 0x0800, 0x083C
_SIZES = {0: 1, 1: 1, 2: 2, 3: 4, 4: 2, 5: 2, 7: 3}  # of what follows a property, by the top bits of its number


def deletions(document: bytes, table: bytes) -> list[tuple[int, int]]:
    """Return ranges of bytes of the main stream, in their order. Damaged formats mark nothing."""
    at, size = struct.unpack_from("<II", document, _BINS)
    bins = table[at : at + size]
    count = max(0, (len(bins) - 4) // 8)
    found = []
    for number in range(count):
        (page,) = struct.unpack_from("<I", bins, 4 * (count + 1) + 4 * number)
        start = (page & 0x3FFFFF) * _PAGE
        found.extend(_of_page(document[start : start + _PAGE]))
    return _joined(found)


def _of_page(page: bytes) -> list[tuple[int, int]]:
    if len(page) < _PAGE:
        return []
    count = min(page[-1], 101)
    places = struct.unpack_from(f"<{count + 1}I", page, 0)
    found = []
    for number in range(count):
        at = 2 * page[4 * (count + 1) + number]
        if at and at + 1 + page[at] <= _PAGE and _is_marked(page[at + 1 : at + 1 + page[at]]):
            found.append((places[number], places[number + 1]))
    return found


def _is_marked(properties: bytes) -> bool:
    at, is_marked = 0, False
    while at + 3 <= len(properties):
        number = int.from_bytes(properties[at : at + 2], "little")
        if number in (_DELETED, _HIDDEN) and properties[at + 2] == 1:
            is_marked = True
        size = _SIZES.get(number >> 13)
        at += 2 + (size if size is not None else 1 + properties[at + 2])
    return is_marked


def _joined(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(one for one in ranges if one[0] < one[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
