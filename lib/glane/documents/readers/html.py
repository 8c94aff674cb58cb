"""Web pages: what a reader of the page sees, without scripts and styles."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from glane.documents.blocks import Writer
from glane.documents.package import local
from glane.documents.parsed import Outcome
from glane.documents.reading import Context, Reading
from glane.encodings.detect import decoded

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_UNSEEN = frozenset({
    "script", "style", "head", "template", "noscript", "object", "embed", "iframe", "svg", "canvas", "audio",
    "video", "map",
})  # fmt: skip
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dir", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "html", "legend", "li", "main",
    "menu", "nav", "ol", "option", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "title",
    "textarea", "tr", "ul",
})  # fmt: skip
_APART = frozenset({
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "blockquote", "pre",
})  # fmt: skip
_AS_WRITTEN = frozenset({"pre", "textarea"})
_XML_ENCODING = re.compile(r"^\s*<\?xml[^>]*\?>")
_WRITTEN = frozenset({
    "text", "number", "date", "datetime-local", "month", "week", "time", "email", "tel", "url", "search",
})  # fmt: skip
_TICKED = frozenset({"checkbox", "radio"})
_HIDDEN = re.compile(r"(?i)(?<![\w-])(?:display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all)")
_METADATA = {"author": "author", "dc.creator": "author", "description": "subject", "date": "created"}


def read(data: bytes, context: Context) -> Reading:
    """Read a page in the encoding that it, or its mark of byte order, tells."""
    text, encoding = decoded(data, told=context.told)
    reading = from_text(text)
    reading.encoding = encoding
    return reading


def from_text(page: str) -> Reading:
    """Read a page that is decoded already."""
    from lxml import etree

    page = _XML_ENCODING.sub("", page.replace("\x00", ""))
    if not page.strip():
        return Reading()
    # No entity of a page is resolved, so that a large tree is as large as its page. Deeper than 2048 elements, what
    # follows is left out by the library.
    parser = etree.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=True, encoding="utf-8")
    try:
        root = etree.fromstring(page.encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as error:
        if error.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise MemoryError from None
        root = None  # of a page without anything in it
    if root is None:
        return Reading()
    writer = Writer()
    _write(root, writer)
    reading = Reading(text=_trimmed(writer.text()), metadata=_metadata(root))
    if any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log):
        reading.outcome = Outcome.CORRUPT
        reading.reason = "it is nested deeper than pages are; what was read before is there"
    return reading


def _write(root: Element, writer: Writer) -> None:
    from lxml import etree

    walk = etree.iterwalk(root, events=("start", "end"))
    preformatted = 0
    skipped: Element | None = None
    for event, element in walk:
        name = local(element).lower()
        if event == "start":
            if (
                name in _UNSEEN
                or not name
                or _HIDDEN.search(element.get("style") or "")
                or element.get("hidden") is not None
            ):
                walk.skip_subtree()
                skipped = element
                continue
            if name == "select":
                writer.flow(f" {_chosen(element)} ")
                walk.skip_subtree()
                skipped = element
                continue
            preformatted += name in _AS_WRITTEN
            _begin(name, element, writer)
            (writer.add if preformatted else writer.flow)(element.text or "")
            continue
        if element is not skipped:
            preformatted -= name in _AS_WRITTEN
            _end(name, writer)
        (writer.add if preformatted else writer.flow)(element.tail or "")


def _begin(name: str, element: Element, writer: Writer) -> None:
    if name == "table":
        writer.blank_line()
        writer.begin_table()
    elif name == "tr":
        writer.begin_row()
    elif name in {"td", "th"}:
        writer.begin_cell()
    elif name == "br":
        writer.add("\n")
    elif name in _APART:
        writer.blank_line()
    elif name in _BLOCKS:
        writer.end_line()
    elif name == "img" and element.get("alt"):
        writer.flow(element.get("alt") or "")
    elif name == "input":
        writer.flow(f" {value} " if (value := _filled_in(element)) else "")
    if name == "li":
        writer.add("- ")


def _filled_in(element: Element) -> str:
    """What a field of a form shows."""
    kind = element.get("type", "text").lower()
    if kind in _TICKED:
        return "☐" if element.get("checked") is None else "☒"
    return element.get("value") or "" if kind in _WRITTEN else ""


def _chosen(element: Element) -> str:
    """What a list to choose from shows: what is chosen, or the first where only one can be."""
    options = [one for one in element.iter("option") if local(one)]
    chosen = [one for one in options if one.get("selected") is not None]
    if not chosen and element.get("multiple") is None:
        chosen = options[:1]
    return ", ".join(" ".join("".join(map(str, one.itertext())).split()) for one in chosen)


def _end(name: str, writer: Writer) -> None:
    if name == "table":
        writer.end_table()
        writer.blank_line()
    elif name in {"td", "th"}:
        writer.end_cell()
    elif name in _APART:
        writer.blank_line()
    elif name in _BLOCKS:
        writer.end_line()


def _metadata(root: Element) -> dict[str, str]:
    found = {}
    title = root.find(".//title")
    if title is not None and title.text:
        found["title"] = title.text
    for one in root.iter("meta"):
        word = _METADATA.get((one.get("name") or "").lower())
        if word and one.get("content"):
            found.setdefault(word, one.get("content") or "")
    return found


def _trimmed(text: str) -> str:
    lines = [line.rstrip(" ") for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
