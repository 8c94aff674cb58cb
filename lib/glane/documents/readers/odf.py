"""OpenDocument texts, presentations and drawings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from glane.documents.blocks import Writer
from glane.documents.package import Package, local, parsed, value
from glane.documents.parsed import Page
from glane.documents.reading import Context, Reading, corrupt, encrypted, too_many_slides

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

# Text that was deleted, settings, and what is a picture, or a program.
_UNSEEN = frozenset({
    "tracked-changes", "automatic-styles", "styles", "font-face-decls", "settings", "scripts", "binary-data",
    "sequence-decls", "forms", "variable-decls", "user-field-decls", "event-listeners", "title-meta", "desc",
    "ruby-text", "note-citation",
})  # fmt: skip
_METADATA = {
    "title": "title", "creator": "author", "initial-creator": "author", "subject": "subject", "date": "modified",
    "creation-date": "created", "keyword": "keywords",
}  # fmt: skip
_PARAGRAPHS = frozenset({"p", "h"})
_CELLS = frozenset({"table-cell", "covered-table-cell"})  # the second, of columns that the first spans
_FLOWING = _PARAGRAPHS | {"span", "a"}
_MOST_REPEATED = 200  # columns, and blanks


def read(data: bytes, context: Context) -> Reading:
    """Read the file, packed or as one XML.

    Raises:
        Unread: if it is damaged or encrypted, or has too many slides.
    """
    if data[:2] != b"PK":
        root = parsed(data)
        return _read(root, [root], context)
    package = Package(data, context.budget)
    manifest = package.xml_if_whole("META-INF/manifest.xml")
    if manifest is not None and any(local(one) == "encryption-data" for one in manifest.iter()):
        raise encrypted()
    root = package.xml("content.xml")
    if root is None:
        raise corrupt("its archive holds no content")
    others = [package.xml_if_whole("meta.xml")]
    if context.options.headers_and_footers and "styles.xml" in package.names():
        others.append(package.xml_of_text("styles.xml"))
    return package.told(_read(root, [one for one in others if one is not None], context))


def _read(root: Element, others: list[Element], context: Context) -> Reading:
    reading = Reading(metadata=_metadata(others))
    body = next((one for one in root.iter() if local(one) == "body"), root)
    slides = [one for one in body.iter() if local(one) == "page"]
    if len(slides) > context.limits.max_pages:
        raise too_many_slides(len(slides), context.limits.max_pages)
    if slides:
        for slide in slides:
            text = _text(slide, context).strip("\n")
            reading.pages.append(Page(start=len(reading.text), end=len(reading.text) + len(text)))
            reading.text += text
        return reading
    text = _text(body, context)
    if context.options.headers_and_footers:
        heads, feet = (_edges(others, kind, context) for kind in ("header", "footer"))
        text = "\n".join([*heads, text.strip("\n"), *feet])
    reading.text = text
    return reading


def _edges(roots: list[Element], kind: str, context: Context) -> list[str]:
    found = [_text(one, context).strip("\n") for root in roots for one in root.iter() if local(one) == kind]
    return list(dict.fromkeys(text for text in found if text))


def _text(root: Element, context: Context) -> str:
    from lxml import etree

    writer = Writer()
    walk = etree.iterwalk(root, events=("start", "end"))
    skipped: Element | None = None
    paragraphs = 0
    for event, element in walk:
        name = local(element)
        if event == "start":
            if name in _UNSEEN or not name or (name == "annotation" and not context.options.comments):
                walk.skip_subtree()
                skipped = element
                continue
            paragraphs += name in _PARAGRAPHS
            _begin(name, element, writer)
            if paragraphs and _is_shown(element.text, name):
                writer.flow(element.text or "")
            continue
        if element is not skipped:
            paragraphs -= name in _PARAGRAPHS
            _end(name, element, writer)
        above = element.getparent()
        if paragraphs and above is not None and element is not root and _is_shown(element.tail, local(above)):
            writer.flow(element.tail or "")
    return writer.text()


def _is_shown(text: str | None, name: str) -> bool:
    """Whether text is more than the indentation of the XML, and not the date of a comment."""
    return bool(text) and (name in _FLOWING or (name != "date-string" and not str(text).isspace()))


def _begin(name: str, element: Element, writer: Writer) -> None:
    if name in _PARAGRAPHS and not _is_within_note(element):
        writer.end_line()
    elif name in _PARAGRAPHS and element.getprevious() is not None:
        writer.add(" ")
    elif name == "tab":
        writer.add("\t")
    elif name == "s":
        count = value(element, "c") or "1"
        writer.add(" " * min(int(count) if count.isdecimal() else 1, _MOST_REPEATED))
    elif name == "line-break":
        writer.add("\n")
    elif name == "table":
        writer.begin_table()
    elif name == "table-row":
        writer.begin_row()
    elif name in _CELLS:
        writer.begin_cell()
    elif name in {"note", "annotation"}:
        writer.add(" [")


def _end(name: str, element: Element, writer: Writer) -> None:
    if name in _PARAGRAPHS:
        writer.add("" if _is_within_note(element) else "\n")
    elif name in _CELLS:
        count = value(element, "number-columns-repeated") or "1"
        writer.end_cell(min(int(count) if count.isdecimal() else 1, _MOST_REPEATED))
    elif name == "table":
        writer.end_table()
    elif name in {"note", "annotation"}:
        writer.add("] ")


def _is_within_note(element: Element) -> bool:
    """Notes and comments stand within a paragraph, and stay in its line."""
    return any(local(one) in {"note-body", "annotation"} for one in element.iterancestors())


def _metadata(roots: list[Element]) -> dict[str, str]:
    found: dict[str, str] = {}
    for root in roots:
        for meta in root.iter():
            if local(meta) == "meta":
                for one in meta:
                    if (word := _METADATA.get(local(one))) and one.text:
                        found.setdefault(word, one.text)
                        if local(one) == "initial-creator":  # the other creator is who saved it last
                            found[word] = one.text
    return found
