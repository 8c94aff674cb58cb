"""Spreadsheets: each sheet a page, each row a line, cells parted by tabs."""

from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING

from glane.documents import kinds, ole
from glane.documents.limits import MIB
from glane.documents.package import Package, local, office_metadata
from glane.documents.parsed import Page
from glane.documents.readers.formulas import not_computed, sheets
from glane.documents.reading import Context, Reading, corrupt, encrypted, too_large

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_PASSWORD = 0x002F  # a record of an old file
_FIRST_RECORDS = 20
_EXACT = 2**53  # up to here, whole numbers are told exactly


def read(data: bytes, context: Context) -> Reading:
    """Read the sheets in their order, hidden ones, too: values as they were computed when the file was saved.

    Raises:
        Unread: if it is damaged or encrypted, or too large.
    """
    import python_calamine

    package = None if context.media_type == kinds.XLS else Package(data, context.budget)
    metadata, beside = (_of_storage(data), "") if package is None else _beside(package, context)
    try:
        book = python_calamine.load_workbook(io.BytesIO(data))
        found = [(name, book.get_sheet_by_name(name).to_python()) for name in _sheets(book)]
    except python_calamine.PasswordError:
        raise encrypted() from None
    except python_calamine.CalamineError:
        raise corrupt("its sheets are cut off or damaged") from None
    text, pages = io.StringIO(), list[Page]()
    at = 0
    for name, rows in found:
        lines = [line for row in rows if (line := "\t".join(map(_cell, row)).rstrip("\t"))]
        sheet = "\n".join([name, *lines]) if lines else ""
        if at + len(sheet) > context.limits.max_text_mib * MIB:
            raise too_large("the text of it", context.limits.max_text_mib, "max_text_mib")
        pages.append(Page(start=at, end=at + len(sheet)))
        at += text.write(sheet)
    if beside:
        pages.append(Page(start=at, end=at + text.write(beside)))
    reading = Reading(text=text.getvalue(), pages=pages, metadata=metadata)
    return reading if package is None else package.told(reading)


def _sheets(book: object) -> list[str]:
    """Sheets of cells; sheets that are a chart or a macro hold none."""
    import python_calamine

    assert isinstance(book, python_calamine.CalamineWorkbook)
    cells = python_calamine.SheetTypeEnum.WorkSheet
    return [one.name for one in book.sheets_metadata if one.typ == cells]


def _beside(package: Package, context: Context) -> tuple[dict[str, str], str]:
    """Return what the file says of itself, and its boxes, comments and formulas without a value.

    The library does not read these.

    What it will unpack is counted before, as it does not bound it, and passwords are asked for in vain.

    Raises:
        Unread: if it is encrypted or too large.
    """
    if context.media_type == kinds.ODS:
        manifest = package.xml_if_whole("META-INF/manifest.xml")
        if manifest is not None and any(local(one) == "encryption-data" for one in manifest.iter()):
            raise encrypted()
    formulas = not_computed(package)
    counted = set(sheets(package))
    for name, info in package.infos():
        if name.lower() not in counted:
            context.budget.take(info.file_size)
    wanted = ("xl/drawings/drawing", "xl/comments", "xl/threadedcomments")
    names = [name for name in package.names() if name.startswith(wanted[: 3 if context.options.comments else 1])]
    roots = [root for name in names if name.endswith(".xml") and (root := package.xml_of_text(name)) is not None]
    texts = [text for root in roots if (text := _paragraphs(root))]
    return office_metadata(package), "\n".join([*texts, *formulas])


def _paragraphs(root: Element) -> str:
    """The texts of boxes, each paragraph a line; those of comments, each comment one."""
    lines = [
        "".join(text.text or "" for text in one.iter() if local(text) in {"t", "text"})
        for one in root.iter()
        if local(one) in {"p", "comment", "threadedComment"}
    ]
    return "\n".join(line for line in lines if line.strip())


def _of_storage(data: bytes) -> dict[str, str]:
    """What an old file says of itself; that it has a password stands in one of its first records."""
    if data[:4] != b"\xd0\xcf\x11\xe0":
        return {}
    storage = ole.opened(data)
    book = ole.stream(storage, "Workbook") or ole.stream(storage, "Book") or b""
    at = 0
    for _ in range(_FIRST_RECORDS):
        kind, size = int.from_bytes(book[at : at + 2], "little"), int.from_bytes(book[at + 2 : at + 4], "little")
        if kind == _PASSWORD and at + 4 <= len(book):
            raise encrypted()
        at += 4 + size
    return ole.metadata(storage)


def _cell(found: object) -> str:
    if isinstance(found, bool):
        return "TRUE" if found else "FALSE"
    if isinstance(found, float):
        return str(int(found)) if found.is_integer() and abs(found) <= _EXACT else repr(found)
    if isinstance(found, dt.datetime):
        return found.isoformat(sep=" ") if found.time() != dt.time() else found.date().isoformat()
    return " ".join(str(found).split()) if found is not None else ""
