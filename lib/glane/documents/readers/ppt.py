"""PowerPoint files of before 2007. Source: [MS-PPT], PowerPoint Binary File Format."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from glane.documents import ole
from glane.documents.parsed import Page
from glane.documents.reading import Context, Reading, corrupt, encrypted

_ENCRYPTED = 0xF3D1C4DF  # of the stream that says who has it open
_EDIT, _DIRECTORY, _LIST, _SLIDE_OF_LIST, _HEADER = 0x0FF5, 0x1772, 0x0FF0, 0x03F3, 0x0F9F
_WIDE, _NARROW, _REFERENCE = 0x0FA0, 0x0FA8, 0x0F9E
_NOTES = 0x03F0
_UNSEEN = frozenset({0x03F8, 0x0FC9, 0x1388})  # masters, handouts, what extensions store
_DEEPEST, _MOST_EDITS = 40, 1000


@dataclass(frozen=True, slots=True)
class _Record:
    kind: int
    instance: int
    is_container: bool
    start: int
    end: int


def read(data: bytes, context: Context) -> Reading:
    """Read its slides in their order, each with its notes after it where they can be told apart.

    Raises:
        Unread: if it is damaged or encrypted.
    """
    storage = ole.opened(data)
    stream = ole.stream(storage, "PowerPoint Document")
    user = ole.stream(storage, "Current User") or b""
    if stream is None:
        raise corrupt("its main stream is cut off or damaged")
    if len(user) >= 20 and struct.unpack_from("<I", user, 12)[0] == _ENCRYPTED:
        raise encrypted()
    reading = Reading(metadata=ole.metadata(storage))
    try:
        slides = list(_slides(stream, user))
    except (struct.error, KeyError, IndexError):
        slides = []
    slides = slides or ["\n".join(_texts(stream, _Record(0, 0, True, 0, len(stream)), [], 0))]
    for slide in slides:
        text = slide.replace("\x0b", "\n").replace("\r", "\n").strip("\n")
        reading.pages.append(Page(start=len(reading.text), end=len(reading.text) + len(text)))
        reading.text += text
    return reading


def _slides(stream: bytes, user: bytes) -> Iterator[str]:
    places, document = _directory(stream, struct.unpack_from("<I", user, 16)[0])
    record = _record(stream, places[document])
    lists = [one for one in _children(stream, record) if one.kind == _LIST]
    notes = _notes(stream, next((one for one in lists if one.instance == 2), None), places)
    for listed in lists:
        if listed.instance == 0:
            for reference, number, outline in _listed(stream, listed):
                slide = _record(stream, places[reference])
                texts = list(_texts(stream, slide, outline, 0))
                shown = texts if _holds_reference(stream, slide, 0) else [*outline, *texts]
                yield "\n".join([*shown, *notes.get(number, [])])


def _notes(stream: bytes, listed: _Record | None, places: dict[int, int]) -> dict[int, list[str]]:
    """The texts of notes, by the number of their slide."""
    found: dict[int, list[str]] = {}
    for reference, _, outline in _listed(stream, listed) if listed is not None else ():
        if reference in places:
            record = _record(stream, places[reference])
            head = next((one for one in _children(stream, record) if one.kind == 0x03F1), None)
            if head is not None:
                slide = struct.unpack_from("<I", stream, head.start)[0]
                found.setdefault(slide, []).extend(_texts(stream, record, outline, 0))
    return found


def _listed(stream: bytes, listed: _Record) -> list[tuple[int, int, list[str]]]:
    """Return of each slide its place in the directory, its number, and the texts of its outline."""
    found: list[tuple[int, int, list[str]]] = []
    for one in _children(stream, listed):
        if one.kind == _SLIDE_OF_LIST:
            reference, _, _, number = struct.unpack_from("<4I", stream, one.start)
            found.append((reference, number, []))
        elif one.kind == _HEADER and found:
            found[-1][2].append("")
        elif one.kind in (_WIDE, _NARROW) and found and found[-1][2]:
            found[-1][2][-1] = _text(stream, one)
    return found


def _directory(stream: bytes, edit: int) -> tuple[dict[int, int], int]:
    """Return where each object stands, by the newest of the edits, and the number of the document."""
    places: dict[int, int] = {}
    document = None
    for _ in range(_MOST_EDITS):
        record = _record(stream, edit)
        if record.kind != _EDIT:
            break
        before, directory, root = struct.unpack_from("<3I", stream, record.start + 8)
        document = root if document is None else document
        table = _record(stream, directory)
        at = table.start
        while table.kind == _DIRECTORY and at + 4 <= table.end:
            (head,) = struct.unpack_from("<I", stream, at)
            first, count = head & 0xFFFFF, head >> 20
            for number, place in enumerate(struct.unpack_from(f"<{count}I", stream, at + 4)):
                places.setdefault(first + number, place)
            at += 4 + 4 * count
        if not before or before >= edit:
            break
        edit = before
    if document is None:
        raise KeyError
    return places, document


def _record(stream: bytes, at: int) -> _Record:
    head, kind, size = struct.unpack_from("<HHI", stream, at)
    return _Record(kind, head >> 4, head & 0xF == 0xF, at + 8, min(at + 8 + size, len(stream)))


def _children(stream: bytes, record: _Record) -> Iterator[_Record]:
    at = record.start
    while at + 8 <= record.end:
        child = _record(stream, at)
        yield child
        at = max(child.end, at + 8)


def _texts(stream: bytes, record: _Record, outline: list[str], depth: int) -> Iterator[str]:
    """Yield the texts of shapes; those that stand in the outline are taken from there."""
    for child in _children(stream, record) if depth < _DEEPEST else ():
        if child.kind in _UNSEEN:
            continue
        if child.kind in (_WIDE, _NARROW):
            yield _text(stream, child)
        elif child.kind == _REFERENCE:
            (index,) = struct.unpack_from("<I", stream, child.start)
            if index < len(outline):
                yield outline[index]
        elif child.is_container:
            yield from _texts(stream, child, outline, depth + 1)


def _holds_reference(stream: bytes, record: _Record, depth: int) -> bool:
    return any(
        child.kind == _REFERENCE or (child.is_container and _holds_reference(stream, child, depth + 1))
        for child in (_children(stream, record) if depth < _DEEPEST else ())
    )


def _text(stream: bytes, record: _Record) -> str:
    data = stream[record.start : record.end]
    return data.decode("utf-16-le", "replace") if record.kind == _WIDE else data.decode("latin-1")
