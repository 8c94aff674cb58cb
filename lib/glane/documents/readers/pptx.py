"""PowerPoint files: the text of each slide in the order of its shapes, then its notes."""

from __future__ import annotations

import posixpath

from glane.documents.blocks import Writer
from glane.documents.package import Package, local, office_metadata, value
from glane.documents.parsed import Page
from glane.documents.reading import Context, Reading, corrupt, too_many_slides

_UNSEEN = frozenset({"Fallback", "rPr", "pPr", "bodyPr", "lstStyle", "tblPr", "spPr", "nvSpPr", "extLst"})
_ON_ALL = frozenset({"dt", "ftr", "sldNum", "hdr"})  # kinds of placeholder that repeat on slides


def read(data: bytes, context: Context) -> Reading:
    """Read the slides in their order.

    Raises:
        Unread: if its archive or the list of its slides is damaged, or it has too many slides.
    """
    package = Package(data, context.budget)
    main = next(iter(package.related("", "officeDocument")), "ppt/presentation.xml")
    text, pages = "", list[Page]()
    slides = _slides(package, main)
    if len(slides) > context.limits.max_pages:
        raise too_many_slides(len(slides), context.limits.max_pages)
    for name in slides:
        pieces = [_text(package, name, context)]
        pieces += [_text(package, note, context, is_note=True) for note in package.related(name, "notesSlide")]
        if context.options.comments:
            pieces += [_comments(package, one) for one in package.related(name, "comments")]
        pieces += [_text(package, one, context) for one in package.related(name, "diagramData")]
        slide = "\n".join(piece for piece in pieces if piece)
        is_scanned = not slide and bool(package.related(name, "image"))
        pages.append(Page(start=len(text), end=len(text) + len(slide), is_scanned=is_scanned))
        text += slide
    return package.told(Reading(text=text, pages=pages, metadata=office_metadata(package)))


def _slides(package: Package, main: str) -> list[str]:
    root = package.xml(main)
    if root is None:
        raise corrupt("its archive holds no presentation")
    targets = {key: target for key, kind, target in package.relations(main) if kind == "slide"}
    listed = [element for element in root.iter() if local(element) == "sldId"]
    found = [targets[key] for one in listed if (key := _relation(dict(one.items()))) in targets]
    return found or sorted(targets.values(), key=lambda name: (len(name), posixpath.basename(name)))


def _relation(attributes: dict[str, str]) -> str:
    return next((text for name, text in attributes.items() if name.startswith("{") and name.endswith("}id")), "")


def _text(package: Package, name: str, context: Context, *, is_note: bool = False) -> str:
    from lxml import etree

    root = package.xml_of_text(name)
    if root is None:
        return ""
    left_out = _ON_ALL if is_note or not context.options.headers_and_footers else frozenset[str]()
    writer = Writer()
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        kind = local(element)
        if event == "start":
            if kind in _UNSEEN or not kind or (kind == "sp" and _placeholder(element) in left_out):
                walk.skip_subtree()
            elif kind == "t":
                writer.add(element.text or "")
            elif kind == "br":
                writer.add("\n")
            elif kind == "tab":
                writer.add("\t")
            elif kind == "tbl":
                writer.begin_table()
            elif kind == "tr":
                writer.begin_row()
            elif kind == "tc":
                writer.begin_cell()
        elif kind == "p":
            writer.end_line()
        elif kind == "tc":
            writer.end_cell()
        elif kind == "tbl":
            writer.end_table()
    return writer.text().strip("\n")


def _placeholder(shape: object) -> str | None:
    from lxml import etree

    assert isinstance(shape, etree._Element)
    return next((value(one, "type") for one in shape.iter() if local(one) == "ph"), None)


def _comments(package: Package, name: str) -> str:
    root = package.xml_of_text(name)
    texts = [one.text or "" for one in root.iter() if local(one) in {"text", "t"}] if root is not None else []
    return "\n".join(text for text in texts if text.strip())
