"""PDF: the text of each page in the order of its content, what its form was filled in with, and its attachments."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING, Any

from glane.documents.parsed import Outcome, Page
from glane.documents.reading import Context, Part, Reading, Unread, corrupt, encrypted

if TYPE_CHECKING:
    import pypdfium2

_FEW = 25  # characters of a page, blanks aside, that a stamp or a page number may be
_STAMP = 300  # characters of a page, all at its edges, that may be a stamp: "printed on ... by ..."
_EDGE = 0.12  # of the height of a page, and of its width
_COVERED = 0.5  # of a page by pictures, for it to be a scan
_DEEPEST = 3  # forms within forms that are looked into for pictures
_MOST_PICTURES = 2000  # of a page
_MOST_ANNOTATIONS = 5000  # of a page
_LINE_END_HYPHEN = "\ufffe"  # what PDFium makes of a hyphen at the end of a line, and of the line feed after it
_WORDS = {"Title": "title", "Author": "author", "Subject": "subject", "Keywords": "keywords"}
_TIMES = {"CreationDate": "created", "ModDate": "modified"}
_TIME = re.compile(r"D?:?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:([+-]\d\d)'?(\d\d)?|(Z))?")


def read(data: bytes, context: Context) -> Reading:
    """Read the pages.

    Raises:
        Unread: if it is damaged, encrypted, or has too many pages.
    """
    import pypdfium2

    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if error.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD:
            raise encrypted() from None
        if error.err_code == pypdfium2.raw.FPDF_ERR_SECURITY:
            raise encrypted("its kind of protection is not known; the file") from None
        raise corrupt("it is cut off or damaged") from None
    if len(pdf) > context.limits.max_pages:
        raise Unread(
            Outcome.TOO_LARGE,
            f"it has {len(pdf)} pages, more than {context.limits.max_pages}; max_pages sets this limit",
        )
    reading = Reading(metadata=_metadata(pdf), parts=_attachments(pdf, context))
    has_form = pdf.get_formtype() not in (-1, pypdfium2.raw.FORMTYPE_NONE)
    if has_form:
        pdf.init_forms()
    if pdf.get_formtype() == pypdfium2.raw.FORMTYPE_XFA_FULL:  # its pages say "please wait", or less
        reading.outcome = Outcome.UNSUPPORTED
        reading.reason = "it is a form whose pages are made when it is opened (XFA). Print it to PDF, and give that"
    damaged = 0
    for number in range(len(pdf)):
        try:
            text, is_scanned = _page(pdf, number, context)
        except pypdfium2.PdfiumError:
            text, is_scanned = "", False
            damaged += 1
        start = len(reading.text)
        reading.pages.append(Page(start=start, end=start + len(text), is_scanned=is_scanned))
        reading.text += text
    if damaged or not len(pdf):
        reading.outcome = Outcome.CORRUPT
        reading.reason = f"{damaged} of its {len(pdf)} pages are damaged; the text of the others is there"
    return reading


def _page(pdf: pypdfium2.PdfDocument, number: int, context: Context) -> tuple[str, bool]:
    with closing(pdf[number]) as page:
        with closing(page.get_textpage()) as textpage:
            text = textpage.get_text_range() if textpage.count_chars() > 0 else ""
            length = len("".join(text.split()))
            is_bare = length < _FEW or (length < _STAMP and _is_at_edges(page, textpage))
        text = text.replace(_LINE_END_HYPHEN, "" if context.options.join_hyphens else "-\n")
        is_scanned = is_bare and _is_covered(page)
        lines = _annotations(pdf, page, with_comments=context.options.comments)
        return "\n".join([text, *lines]) if lines else text, is_scanned


def _is_at_edges(page: pypdfium2.PdfPage, textpage: pypdfium2.PdfTextPage) -> bool:
    """Whether all text of a page stands at its edges, as what programs print on scans that they keep."""
    left, bottom, right, top = page.get_cropbox()
    wide, high = _EDGE * (right - left), _EDGE * (top - bottom)
    return all(
        upper <= bottom + high or lower >= top - high or last <= left + wide or first >= right - wide
        for first, lower, last, upper in map(textpage.get_rect, range(textpage.count_rects()))
    )


def _is_covered(page: pypdfium2.PdfPage) -> bool:
    """Whether pictures cover most of a page. Pictures are not decoded."""
    import pypdfium2

    width, height = page.get_size()
    covered = 0.0
    pictures = page.get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE], max_depth=_DEEPEST)
    for _, picture in zip(range(_MOST_PICTURES), pictures):
        left, bottom, right, top = picture.get_bounds()
        covered += max(0.0, min(right, width) - max(left, 0)) * max(0.0, min(top, height) - max(bottom, 0))
    return covered >= _COVERED * width * height > 0


def _annotations(pdf: pypdfium2.PdfDocument, page: pypdfium2.PdfPage, *, with_comments: bool) -> list[str]:
    """Fields of a form that are filled in, each with its name, and what was written on the page."""
    from pypdfium2 import raw

    lines = []
    for index in range(min(raw.FPDFPage_GetAnnotCount(page), _MOST_ANNOTATIONS)):
        annotation = raw.FPDFPage_GetAnnot(page, index)
        if not annotation:
            continue
        kind = raw.FPDFAnnot_GetSubtype(annotation)
        if kind == raw.FPDF_ANNOT_WIDGET and pdf.formenv is not None:
            value = _told(partial(raw.FPDFAnnot_GetFormFieldValue, pdf.formenv, annotation))
            if value and value != "Off":
                lines.append(f"{_told(partial(raw.FPDFAnnot_GetFormFieldName, pdf.formenv, annotation))}: {value}")
        elif with_comments and kind in {raw.FPDF_ANNOT_TEXT, raw.FPDF_ANNOT_FREETEXT}:
            lines.append(_told(partial(raw.FPDFAnnot_GetStringValue, annotation, b"Contents")))
        raw.FPDFPage_CloseAnnot(annotation)
    return [line for line in lines if line.strip()]


def _told(ask: Any) -> str:
    """Ask PDFium for a text: how long it is, then for itself."""
    from pypdfium2 import raw

    size = ask(None, 0)
    if not 2 < size < 1 << 20:
        return ""
    buffer = ctypes.create_string_buffer(size)
    ask(ctypes.cast(buffer, ctypes.POINTER(raw.FPDF_WCHAR)), size)
    return buffer.raw[: size - 2].decode("utf-16-le", "ignore")


def _attachments(pdf: pypdfium2.PdfDocument, context: Context) -> Iterator[Part]:
    import pypdfium2

    for index in range(max(0, pdf.count_attachments())):
        try:
            attachment = pdf.get_attachment(index)
            yield Part(attachment.get_name(), partial(_bytes, attachment, context))
        except pypdfium2.PdfiumError:
            yield Part("", _no_bytes)


def _bytes(attachment: pypdfium2.PdfAttachment, context: Context) -> bytes:
    import pypdfium2

    try:
        data = bytes(attachment.get_data())
    except pypdfium2.PdfiumError:
        raise corrupt("the attachment is damaged") from None
    context.budget.take(len(data))
    return data


def _no_bytes() -> bytes:
    raise corrupt("the attachment is damaged")


def _metadata(pdf: pypdfium2.PdfDocument) -> dict[str, str]:
    told = pdf.get_metadata_dict(skip_empty=True)
    found = {word: told[name] for name, word in _WORDS.items() if name in told}
    return found | {word: _iso(told[name]) for name, word in _TIMES.items() if name in told}


def _iso(told: str) -> str:
    match = _TIME.match(told)
    if match is None:
        return told
    year, month, day, hour, minute, second, zone, more, z = match.groups()
    time = f"{year}-{month or '01'}-{day or '01'}T{hour or '00'}:{minute or '00'}:{second or '00'}"
    return time + (f"{zone}:{more or '00'}" if zone else "Z" if z else "")
