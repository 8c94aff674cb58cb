"""Files of Office before 2007 and of Outlook, written by their specifications: no library that is kept makes them."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

Streams = Mapping[str, Any]  # of bytes, or of streams within a storage

_SECTOR, _SMALL, _LIMIT = 512, 64, 4096
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def storage(streams: Streams) -> bytes:
    """A compound file. Source: [MS-CFB]."""
    entries: list[list[Any]] = [["Root Entry", 5, _FREE, _FREE, _END, 0]]  # name, kind, sibling, child, start, size
    sectors, small, small_fat = list[bytes](), bytearray(), list[int]()
    fat = list[int]()

    def put(data: bytes) -> int:
        start, pieces = len(sectors), [data[at : at + _SECTOR] for at in range(0, len(data), _SECTOR)]
        sectors.extend(piece.ljust(_SECTOR, b"\0") for piece in pieces)
        fat.extend([*range(start + 1, start + len(pieces)), _END] if pieces else [])
        return start if pieces else _END

    def put_small(data: bytes) -> int:
        start, count = len(small_fat), -(-len(data) // _SMALL)
        small.extend(data.ljust(count * _SMALL, b"\0"))
        small_fat.extend([*range(start + 1, start + count), _END] if count else [])
        return start if count else _END

    def add(owner: int, held: Streams) -> None:
        before = None
        for name, what in held.items():
            number = len(entries)
            if isinstance(what, bytes):
                start = put(what) if len(what) >= _LIMIT else put_small(what)
                entries.append([name, 2, _FREE, _FREE, start, len(what)])
            else:
                entries.append([name, 1, _FREE, _FREE, _END, 0])
                add(number, what)
            entries[owner if before is None else before][3 if before is None else 2] = number
            before = number

    add(0, streams)
    entries[0][4], entries[0][5] = put(bytes(small)), len(small)
    small_start = (
        put(b"".join(struct.pack("<I", one) for one in small_fat).ljust(_SECTOR, b"\xff")) if small_fat else _END
    )
    directory = put(b"".join(_entry(*entry) for entry in entries))
    own = 1
    while (len(fat) + own) * 4 > own * _SECTOR:
        own += 1
    first = len(sectors)
    table = [*fat, *[_FAT] * own]
    packed = b"".join(struct.pack("<I", one) for one in table).ljust(own * _SECTOR, b"\xff")
    head = struct.pack("<8s16sHHHHH6xIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, 0, own,
                       directory, 0, _LIMIT, small_start, -(-len(small_fat) // 128), _END, 0)  # fmt: skip
    places = [*range(first, first + own), *[_FREE] * (109 - own)]
    return head + struct.pack("<109I", *places) + b"".join(sectors) + packed


def _entry(name: str, kind: int, sibling: int, child: int, start: int, size: int) -> bytes:
    told = (name + "\0").encode("utf-16-le")
    return struct.pack(
        "<64sHBBIII16sI8s8sIQ", told, len(told), kind, 1, _FREE, sibling, child, b"", 0, b"", b"", start, size
    )


def word(*pieces: str | bytes, notes: str = "", encrypted: bool = False, deleted: str = "") -> bytes:
    """A Word 97 file: text in 16 bits, bytes in 8 bits. `deleted` is marked as such in the first piece."""
    held = [*pieces, notes]
    head = bytearray(0x400)
    struct.pack_into("<HH", head, 0, 0xA5EC, 0xC1)
    struct.pack_into("<H", head, 0x0A, 0x0200 | (0x0100 if encrypted else 0))
    main = sum(map(len, pieces))
    struct.pack_into("<8I", head, 0x4C, main, len(notes), 0, 0, 0, 0, 0, 0)
    ends, kinds, body = [0], list[int](), bytearray()
    for piece in held:
        at = len(head) + len(body)
        kinds.append(0x40000000 | 2 * at if isinstance(piece, bytes) else at)
        body += piece if isinstance(piece, bytes) else piece.encode("utf-16-le")
        ends.append(ends[-1] + len(piece))
    body += b"\0" * (-(len(head) + len(body)) % 512)
    table = struct.pack("<BI", 2, 4 * len(ends) + 8 * len(kinds))
    table += struct.pack(f"<{len(ends)}I", *ends) + b"".join(struct.pack("<HIH", 0, kind, 0) for kind in kinds)
    struct.pack_into("<II", head, 0x01A2, 0, len(table))
    if deleted:
        start = len(head) + 2 * str(pieces[0]).index(deleted)
        page = bytearray(512)
        struct.pack_into("<4I", page, 0, len(head), start, start + 2 * len(deleted), start + 2 * len(deleted) + 2)
        page[16:19] = bytes([0, 200, 0])  # of the second run, where its formats stand, in pairs of bytes
        page[400:404] = bytes([3]) + struct.pack("<HB", 0x0800, 1)
        page[511] = 3
        bins = struct.pack("<3I", len(head), len(head) + 512, (len(head) + len(body)) // 512)
        struct.pack_into("<II", head, 0xFA, len(table), len(bins))
        table, body = table + bins, body + page
    return storage({"WordDocument": bytes(head + body), "1Table": table})


def _record(kind: int, data: bytes, *, instance: int = 0, holds: bool = False) -> bytes:
    return struct.pack("<HHI", instance << 4 | (0xF if holds else 0), kind, len(data)) + data


def slides(*texts: tuple[str, str]) -> bytes:
    """A PowerPoint 97 file: of each slide, the title in the outline, and a box of text in 8 bits."""
    listed, stream, places = b"", b"", list[int]()
    for number, (title, box) in enumerate(texts):
        listed += _record(0x03F3, struct.pack("<5I", number + 2, 0, 0, 256 + number, 0))
        listed += _record(0x0F9F, struct.pack("<I", 0)) + _record(0x0FA0, title.encode("utf-16-le"))
        shapes = _record(0xF00D, _record(0x0F9E, struct.pack("<I", 0)), holds=True)
        shapes += _record(0xF00D, _record(0x0FA8, box.encode("latin-1")), holds=True)
        places.append(len(stream))
        stream += _record(0x03EE, _record(0x040C, shapes, holds=True), holds=True)
    document = len(stream)
    stream += _record(0x03E8, _record(0x0FF0, listed, holds=True), holds=True)
    directory = len(stream)
    stream += _record(0x1772, struct.pack(f"<{2 + len(places)}I", (1 + len(places)) << 20 | 1, document, *places))
    edit = len(stream)
    stream += _record(0x0FF5, struct.pack("<7I", 0, 0, 0, directory, 1, 0, 0))
    user = _record(0x0FF6, struct.pack("<III", 20, 0xE391C05F, edit))
    return storage({"PowerPoint Document": stream, "Current User": user})


def locked_sheets() -> bytes:
    """An Excel 97 file with a password."""
    book = struct.pack("<HH16s", 0x0809, 16, b"\0\6\5\0") + struct.pack("<HH4s", 0x2F, 4, b"")
    return storage({"Workbook": book.ljust(5000, b"\0")})


def mail(*, body: str = "", html: bytes = b"", attached: Mapping[str, Any] | None = None, rtf: bytes = b"") -> bytes:
    """A mail of Outlook. What is attached are bytes, or the streams of another mail."""
    return storage(mail_streams(body=body, html=html, attached=attached, rtf=rtf))


def mail_streams(
    *, body: str = "", html: bytes = b"", attached: Mapping[str, Any] | None = None, rtf: bytes = b"", head: int = 32
) -> Streams:
    ticks = 133_516_512_000_000_000  # 2024-02-06, 0:00 UTC
    sent = struct.pack("<IIQ", 0x0039 << 16 | 0x40, 6, ticks) + struct.pack("<IIQ", 0x3FDE << 16 | 3, 6, 1252)
    found: dict[str, Any] = {
        "__properties_version1.0": b"\0" * head + sent,
        "__substg1.0_0037001F": "Signalement à l’ARS".encode("utf-16-le"),
        "__substg1.0_0C1A001E": "Élise\0".encode("cp1252"),
        "__substg1.0_5D01001F": "a@example.org".encode("utf-16-le"),
        "__substg1.0_0E04001F": "b@example.org".encode("utf-16-le"),
        "__substg1.0_1000001F": body.encode("utf-16-le"),
    }
    if html:
        found["__substg1.0_10130102"] = html
    if rtf:
        found["__substg1.0_10090102"] = rtf
    for number, (name, data) in enumerate((attached or {}).items()):
        within = {"__substg1.0_37010102": data} if isinstance(data, bytes) else {"__substg1.0_3701000D": data}
        properties = {"__properties_version1.0": b"\0" * 8, "__substg1.0_3707001F": name.encode("utf-16-le")}
        found[f"__attach_version1.0_#{number:08X}"] = properties | within
    return found
