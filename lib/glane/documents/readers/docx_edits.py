"""Word files with their marks: what was inserted and deleted, by whom, and under which bookmarks each letter stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glane.documents.edits import Change, EditedFile, EditedParagraph, Piece
from glane.documents.package import Package, local, value
from glane.documents.parsed import Outcome
from glane.documents.reading import Reading, Unread

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_CHANGES: dict[str, Change] = {"ins": "inserted", "moveTo": "inserted", "del": "deleted", "moveFrom": "deleted"}
_UNSEEN = frozenset(
    {"pPr", "rPr", "tblPr", "tblGrid", "trPr", "tcPr", "sectPr", "sdtPr", "instrText", "delInstrText", "Fallback"}
)  # fmt: skip
_LONGEST_NAME, _MOST_MARKS = 200, 20_000
_SPACES = {"tab": "\t", "ptab": "\t", "br": " ", "cr": " ", "noBreakHyphen": "\u2011"}


def read_marks(package: Package, main: str, root: Element) -> Reading:
    """The paragraphs of a document as JSON of `EditedFile`.

    Raises:
        Unread: if it has more bookmarks than a brief can have.
    """
    walk = _Walk()
    walk.through(root)
    found = EditedFile(names=tuple(walk.names), paragraphs=tuple(walk.paragraphs), saved_by=_saved_by(package))
    return Reading(text=found.model_dump_json(), metadata={"edits": "yes"})


def _saved_by(package: Package) -> str | None:
    root = package.xml_if_whole("docProps/core.xml")
    told = next((one.text for one in root if local(one) == "lastModifiedBy"), None) if root is not None else None
    return told or None


class _Walk:
    """Goes through a document in its order."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.paragraphs: list[EditedParagraph] = []
        self._open: dict[str, int] = {}  # of bookmarks, by their id in the file
        self._changes: list[tuple[Change, str | None]] = []
        self._pieces: list[Piece] = []

    def through(self, root: Element) -> None:
        from lxml import etree

        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            name = local(element)
            if event == "start" and name in _UNSEEN:
                walk.skip_subtree()
            elif event == "start":
                self._begin(name, element)
            elif name in _CHANGES:
                self._changes.pop()
            elif name == "p":
                self._end_paragraph()
        self._end_paragraph()

    def _begin(self, name: str, element: Element) -> None:
        if name in _CHANGES:
            self._changes.append((_CHANGES[name], value(element, "author")))
        elif name == "bookmarkStart":
            if len(self.names) >= _MOST_MARKS:
                raise Unread(Outcome.TOO_LARGE, f"it has more than {_MOST_MARKS} bookmarks")
            self._open[value(element, "id") or ""] = len(self.names)
            self.names.append((value(element, "name") or "")[:_LONGEST_NAME])
        elif name == "bookmarkEnd":
            self._open.pop(value(element, "id") or "", None)
        elif name in ("t", "delText"):
            self._add(element.text or "")
        elif name in _SPACES:
            self._add(_SPACES[name])

    def _add(self, text: str) -> None:
        change, author = next((one for one in reversed(self._changes) if one[0] == "deleted"), ("none", None))
        if change == "none" and self._changes:
            change, author = self._changes[-1]
        self._pieces.append(
            Piece(text=text, marks=tuple(self._open.values()), change=change, author=author)
        )  # fmt: skip

    def _end_paragraph(self) -> None:
        if self._pieces:
            self.paragraphs.append(EditedParagraph(pieces=tuple(self._pieces)))
        self._pieces = []
