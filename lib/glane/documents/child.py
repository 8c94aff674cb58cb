"""The reader's process: `python -m glane.documents.child PARENT`. It reads the files that it is asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import IO, Any

from glane.confined import tie_to_parent
from glane.documents import confine, wire
from glane.documents.draw import png_of_page
from glane.documents.limits import MIB, Limits, Options
from glane.documents.reading import Unread
from glane.documents.walk import documents_of_file, one_document

_DEEPEST = 3000  # calls within calls: what nests deeper is refused by the readers


def main() -> None:
    """Read files until there is nobody to ask for them, or the memory does not suffice."""
    tie_to_parent(int(sys.argv[1]))
    requests, answers = _pipes()
    told = _next(requests)
    if told is None:
        return
    limits, options = Limits(**told[1]["limits"]), Options(**told[1]["options"])
    is_confined = confine.confine(memory_bytes=limits.memory_mib * MIB)
    sys.setrecursionlimit(_DEEPEST)
    _write(answers, "ready", is_confined)
    drawer = _Drawer(limits, options)
    while (asked := _next(requests)) is not None:
        try:
            if asked[0] == "draw":
                _write(answers, *drawer.drawn(asked[1]))
                continue
            drawer.forget()
            for kind, content in _answers(asked[1], limits, options):
                _write(answers, kind, content)
            _write(answers, "end", None)
        except MemoryError:
            _write(answers, "memory", None)
            return


def _answers(asked: dict[str, Any], limits: Limits, options: Options) -> Iterator[tuple[str, object]]:
    for said in documents_of_file(asked["path"], frozenset(asked["skip"]), limits, options):
        if isinstance(said, wire.Begun):
            yield "begun", {"media_type": said.media_type, "part": said.part, "sha256": said.sha256}
        else:
            yield "document", wire.document_to_json(said)


class _Drawer:
    """Draws pages, and keeps the document of the last one: the next page is one of it, as a rule."""

    def __init__(self, limits: Limits, options: Options) -> None:
        self._limits, self._options = limits, options
        self._kept: tuple[tuple[str, str, str], str, bytes] | None = None

    def forget(self) -> None:
        """Give the memory of the document back."""
        self._kept = None

    def drawn(self, asked: dict[str, Any]) -> tuple[str, object]:
        """A page as PNG, or a sentence that says why there is none."""
        try:
            media_type, data = self._document((asked["path"], asked["part"], asked["sha256"]))
            png = png_of_page(media_type, data, asked["page"], dpi=asked["dpi"], max_pixels=asked["max_pixels"])
        except Unread as unread:
            return "undrawn", unread.reason
        return "picture", wire.picture_to_json(png)

    def _document(self, asked: tuple[str, str, str]) -> tuple[str, bytes]:
        if self._kept is None or self._kept[0] != asked:
            self._kept = None
            path, part, sha256 = asked
            self._kept = (asked, *one_document(path, part, sha256, self._limits, self._options))
        return self._kept[1:]


def _pipes() -> tuple[IO[bytes], IO[bytes]]:
    """Take the pipes of the parent away from libraries, which might print."""
    answers = os.dup(1)
    os.dup2(2, 1)
    requests = os.dup(0)
    return os.fdopen(requests, "rb"), os.fdopen(answers, "wb", buffering=0)


def _next(requests: IO[bytes]) -> tuple[str, Any] | None:
    header = requests.read(wire.HEADER.size)
    if len(header) < wire.HEADER.size:
        return None
    return wire.unpacked(requests.read(wire.HEADER.unpack(header)[0]))


def _write(answers: IO[bytes], kind: str, content: object) -> None:
    view = memoryview(wire.frame(kind, content))
    while view:
        view = view[answers.write(view) :]


if __name__ == "__main__":
    main()
