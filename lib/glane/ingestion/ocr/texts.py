"""What a model wrote of pages is put into the text of their document, and the offsets of all pages move along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from glane.documents.parsed import Outcome, Page, PageByModel, PagesByModel, ParsedDocument
from glane.documents.settle import BETWEEN

_MOST_TOLD = 5  # pages that a reason names


def scanned_pages(document: ParsedDocument) -> list[int]:
    """The numbers of the pages that are pictures, from 0, of a document that can be read but for these."""
    if document.outcome != Outcome.NEEDS_OCR:
        return []
    return [number for number, page in enumerate(document.pages) if page.is_scanned]


def with_texts(
    document: ParsedDocument, model: str, written: Mapping[int, str], failed: Mapping[int, str]
) -> ParsedDocument:
    """The document with what a model wrote of its pages. What was text of such a page stays, before it.

    Args:
        document: As it was read.
        model: The name of the model.
        written: By the number of a page, from 0, its text.
        failed: By the number of a page, from 0, why it has none.
    """
    texts: list[str] = []
    pages: list[Page] = []
    read: list[PageByModel] = []
    at = 0
    for number, page in enumerate(document.pages):
        own = document.text[page.start : page.end]
        more = written.get(number, "")
        text = f"{own}\n{more}" if own and more else own or more
        texts.append(text)
        pages.append(replace(page, start=at, end=at + len(text)))
        if number in written:
            read.append(PageByModel(page=number + 1, start=at + len(text) - len(more), end=at + len(text)))
        at += len(text) + len(BETWEEN)
    return replace(
        document,
        text=BETWEEN.join(texts),
        pages=tuple(pages),
        outcome=Outcome.NEEDS_OCR if failed else Outcome.OCR,
        reason=_reason(len(document.pages), model, len(written), failed),
        ocr=PagesByModel(
            model=model,
            read=tuple(read),
            failed=tuple((number + 1, why) for number, why in sorted(failed.items())),
        ),
    )


def _reason(num_pages: int, model: str, num_read: int, failed: Mapping[int, str]) -> str:
    read = f"{num_read} of {num_pages} pages are pictures that {model} read: words may be wrong, missing or made up"
    if not failed:
        return read
    first = "; ".join(f"page {number + 1}: {why}" for number, why in sorted(failed.items())[:_MOST_TOLD])
    more = "; …" if len(failed) > _MOST_TOLD else ""
    told = f"{len(failed)} of {num_pages} pages are pictures that were not read ({first}{more})"
    return f"{told}. {read[0].upper()}{read[1:]}" if num_read else told
