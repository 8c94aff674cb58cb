"""A reading becomes a document: its text cleaned, offsets of pages moved along, and its outcome known."""

from __future__ import annotations

import re
from collections import Counter

from glane.documents.limits import Options
from glane.documents.parsed import Outcome, Page, ParsedDocument
from glane.documents.reading import Reading, clean, line

_EDGE = 3  # lines at the top and the foot of a page that may be a header or a footer
_LEAST_PAGES = 3  # on fewer, nothing repeats
_SHARE = 0.6  # of the pages, on which a line stands, to be taken for a header or a footer
BETWEEN = "\n\n"


def settled(reading: Reading, media_type: str, options: Options) -> ParsedDocument:
    """Return the document of a reading; its part and its digest are set by the caller."""
    text, pages = _with_pages(reading, options) if reading.pages else (clean(reading.text).strip("\n"), [])
    metadata = {key: kept for key, value in reading.metadata.items() if (kept := line(value))}
    outcome, reason = _outcome(reading, text, pages)
    return ParsedDocument(
        outcome=outcome,
        media_type=media_type,
        text=text,
        pages=tuple(pages),
        metadata=metadata,
        encoding=reading.encoding,
        reason=reason,
    )


def _outcome(reading: Reading, text: str, pages: list[Page]) -> tuple[Outcome, str]:
    if reading.outcome is not None:
        return reading.outcome, reading.reason
    scanned = sum(page.is_scanned for page in pages)
    if scanned:
        return Outcome.NEEDS_OCR, f"{scanned} of {len(pages)} pages are pictures, without a text that can be read"
    if not text.strip():
        return Outcome.EMPTY, reading.reason or "it holds no text"
    return Outcome.OK, reading.reason


def _with_pages(reading: Reading, options: Options) -> tuple[str, list[Page]]:
    texts = [clean(reading.text[page.start : page.end]).strip("\n") for page in reading.pages]
    if not options.headers_and_footers:
        texts = _without_repeated(texts)
    pages, at = [], 0
    for page, text in zip(reading.pages, texts, strict=True):
        pages.append(Page(start=at, end=at + len(text), is_scanned=page.is_scanned))
        at += len(text) + len(BETWEEN)
    return BETWEEN.join(texts), pages


def _without_repeated(texts: list[str]) -> list[str]:
    """Leave out what stands at the top or the foot of most pages, numbers of pages aside."""
    if len(texts) < _LEAST_PAGES:
        return texts
    pages = [text.split("\n") for text in texts]
    found = Counter(kind for lines in pages for kind in {*_kinds(lines, range(_EDGE)), *_kinds(lines, _feet(lines))})
    least = max(_LEAST_PAGES, _SHARE * len(pages))
    repeated = {kind for kind, count in found.items() if count >= least}
    return ["\n".join(_inner(lines, repeated)).strip("\n") for lines in pages]


def _inner(lines: list[str], repeated: set[str]) -> list[str]:
    first, last = 0, len(lines)
    for at in range(min(_EDGE, len(lines))):
        if _kind(lines[at]) in repeated:
            first = at + 1
    for at in _feet(lines):
        if at >= first and _kind(lines[at]) in repeated:
            last = min(last, at)
    return lines[first:last]


def _feet(lines: list[str]) -> range:
    return range(max(0, len(lines) - _EDGE), len(lines))


def _kinds(lines: list[str], places: range) -> list[str]:
    return [kind for at in places if at < len(lines) and (kind := _kind(lines[at]))]


def _kind(text: str) -> str:
    return re.sub(r"\d+", "#", text.strip())
