"""Word files: the text that Word shows, with text boxes, notes, headers and comments.

Deleted and hidden text is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from glane.documents.blocks import Writer
from glane.documents.numbering import Numbering
from glane.documents.package import Package, local, office_metadata, value
from glane.documents.parsed import Outcome
from glane.documents.reading import Context, Part, Reading, corrupt
from glane.documents.symbols import PRIVATE, is_symbolic, shown, symbol

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

# Settings of what stands beside them, what was deleted or moved away, instructions of fields, pictures of text boxes
# that are there as text, too.
_UNSEEN = frozenset({
    "del", "moveFrom", "pPr", "rPr", "tblPr", "tblGrid", "trPr", "tcPr", "sectPr", "sdtPr", "sdtEndPr",
    "instrText", "delText", "delInstrText", "fldData", "rt", "bookmarkStart", "proofErr", "Fallback", "rubyPr",
    "numPr", "ppr", "graphicFrameLocks",
})  # fmt: skip
_TEXT_BOXES = frozenset({"txbxContent", "txBody"})
_NOTES = (("footnotes", "footnote"), ("endnotes", "endnote"))
_MAIN = "officeDocument"


def read(data: bytes, context: Context) -> Reading:
    """Read the document, then its notes and comments; headers stand before it, footers after it.

    Files that Word shows in their place (`altChunk`) are documents of their own.

    Raises:
        Unread: if its archive or its main part is damaged.
    """
    package = Package(data, context.budget)
    main = next(iter(package.related("", _MAIN)), "word/document.xml")
    root = package.xml(main)
    if root is None:
        raise corrupt("its archive holds no document")
    if context.options.edits:
        from glane.documents.readers.docx_edits import read_marks

        return read_marks(package, main, root)
    body = _Body(Numbering.of(package, main))
    pieces = [body.text(root)]
    if context.options.headers_and_footers:
        pieces = [*_each(package, main, "header", body), *pieces, *_each(package, main, "footer", body)]
    for part, kind in _NOTES:
        pieces.append(_notes(package, main, part, kind, body))
    if context.options.comments:
        pieces.append(_comments(package, main, body))
    pieces += [
        body.text(root)
        for name in package.related(main, "diagramData")
        if (root := package.xml_of_text(name)) is not None
    ]
    text = "\n".join(piece.strip("\n") for piece in pieces if piece.strip())
    reading = Reading(text=text, metadata=office_metadata(package), parts=_chunks(package, main))
    if not text and package.related(main, "image"):
        reading.outcome, reading.reason = Outcome.NEEDS_OCR, "it holds pictures, and no text"
    return package.told(reading)


def _chunks(package: Package, main: str) -> Iterator[Part]:
    """Web pages, RTF and Word files that programs put in place of text, for Word to convert when it opens the file."""
    for name in package.related(main, "aFChunk"):
        yield Part(name, partial(_chunk, package, name))


def _chunk(package: Package, name: str) -> bytes:
    return package.bytes_of(name) or b""


def _each(package: Package, main: str, kind: str, body: _Body) -> list[str]:
    """Headers or footers, each text once: first, odd and even pages often have the same."""
    roots = [package.xml_of_text(name) for name in package.related(main, kind)]
    return list(dict.fromkeys(body.text(root).strip("\n") for root in roots if root is not None))


def _notes(package: Package, main: str, part: str, kind: str, body: _Body) -> str:
    lines = []
    for name in package.related(main, part):
        root = package.xml_of_text(name)
        for note in root if root is not None else ():
            if local(note) == kind and value(note, "type") not in {"separator", "continuationSeparator"}:
                text = body.text(note).strip()
                lines.append(f"[{value(note, 'id')}] {text}" if text else "")
    return "\n".join(line for line in lines if line)


def _comments(package: Package, main: str, body: _Body) -> str:
    lines = []
    for name in package.related(main, "comments"):
        root = package.xml_of_text(name)
        for one in root if root is not None else ():
            text = body.text(one).strip()
            if text:
                lines.append(f"[{value(one, 'author') or '…'}] {text}")
    return "\n".join(lines)


class _Body:
    """Writes the text of a part."""

    def __init__(self, numbering: Numbering) -> None:
        self._numbering = numbering

    def text(self, root: Element) -> str:
        """Return the text of an element and all within it."""
        from lxml import etree

        writer, boxes = Writer(), list[str]()
        walk = etree.iterwalk(root, events=("start", "end"))
        for event, element in walk:
            name = local(element)
            if event == "start":
                if name in _UNSEEN or not name or (name == "r" and _is_on(_setting(element, "vanish"))):
                    walk.skip_subtree()
                elif name in _TEXT_BOXES:
                    boxes.append(self._box(element))
                    walk.skip_subtree()
                else:
                    self._begin(name, element, writer)
            elif name == "p":
                writer.add("\n")
                _write_boxes(boxes, writer)
            elif name == "tc":
                writer.end_cell()
            elif name == "tbl":
                writer.end_table()
        _write_boxes(boxes, writer)
        return writer.text()

    def _box(self, element: Element) -> str:
        """A box's paragraphs. Boxes within boxes are within a bound, as the parser's own depth is."""
        writer = Writer()
        for one in element:
            writer.add(self.text(one) if local(one) not in _UNSEEN else "")
        return writer.text()

    def _begin(self, name: str, element: Element, writer: Writer) -> None:
        if name == "t":
            writer.add(_letters(element))
        elif name == "p":
            writer.add(self._numbering.label(element))
        elif name in {"tab", "ptab"}:
            writer.add("\t")
        elif name in {"br", "cr"}:
            writer.add("\n")
        elif name == "noBreakHyphen":
            writer.add("\u2011")
        elif name == "sym":
            writer.add(_symbol(element))
        elif name == "checkBox":
            writer.add(_box(element))
        elif name == "ddList":
            writer.add(_chosen(element))
        elif name in {"footnoteReference", "endnoteReference"}:
            writer.add(f"[{value(element, 'id')}]")
        elif name == "tbl":
            writer.begin_table()
        elif name == "tr":
            writer.begin_row()
        elif name == "tc":
            writer.begin_cell()


def _write_boxes(boxes: list[str], writer: Writer) -> None:
    for box in boxes:
        if box.strip():
            writer.add(box.strip("\n") + "\n")
    boxes.clear()


def _symbol(element: Element) -> str:
    """A letter of a symbol font, in a code point of private use or by its place in the font."""
    try:
        code = int(value(element, "char") or "", 16)
    except ValueError:
        return ""
    font = value(element, "font") or ""
    if 0xF000 <= code <= 0xF0FF or (code <= 0xFF and is_symbolic(font)):
        return symbol(code, font)
    return chr(code) if code < 0xD800 else ""


def _letters(element: Element) -> str:
    """The text of an element. Letters of symbol fonts are told by the font of its run."""
    text = element.text or ""
    if not PRIVATE.search(text):
        return text
    run = element.getparent()
    fonts = _setting(run, "rFonts") if run is not None else None
    font = (value(fonts, "ascii") or value(fonts, "hAnsi") or "") if fonts is not None else ""
    return shown(text, font) if is_symbolic(font) else text


def _setting(run: Element, name: str) -> Element | None:
    """How a run of letters is set, as far as it says so itself."""
    settings = run[0] if len(run) else None  # there are very many runs, and it stands first
    if settings is None or local(settings) != "rPr":
        return None
    return next((one for one in settings if local(one) == name), None)


def _is_on(setting: Element | None) -> bool:
    return setting is not None and value(setting, "val") not in {"0", "false", "off"}


def _box(element: Element) -> str:
    """A box to tick of a form."""
    told = {local(one): one for one in element}
    return "☒" if _is_on(told.get("checked", told.get("default"))) else "☐"


def _chosen(element: Element) -> str:
    """What is chosen of the list of a form."""
    entries = [value(one, "val") or "" for one in element if local(one) == "listEntry"]
    told = {local(one): value(one, "val") or "" for one in element}
    number = told.get("result", told.get("default", "0"))
    return entries[int(number)] if number.isdecimal() and int(number) < len(entries) else ""
