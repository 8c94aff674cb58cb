"""Pages that are pictures are drawn one after another, and read by a model several at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from glane.documents.parsed import ParsedDocument
from glane.documents.read import Parser, Undrawn
from glane.ingestion.ocr.answers import PageFailed
from glane.ingestion.ocr.endpoint import Endpoint
from glane.ingestion.ocr.texts import scanned_pages, with_texts
from glane.settings import OcrSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """The documents of a file, of which some pages are being read."""

    read: Sequence[ParsedDocument]
    model: str = ""
    pages: Mapping[int, Mapping[int, Future[str]]] = field(default_factory=dict)  # by number of the document, the page

    @property
    def is_done(self) -> bool:
        """Whether no page is in work any more."""
        return all(one.done() for pages in self.pages.values() for one in pages.values())

    def documents(self) -> list[ParsedDocument]:
        """The documents with what the model wrote. Waits for it.

        Raises:
            EngineError: if no page can be read.
        """
        return [
            self._with_texts(document, self.pages[number]) if number in self.pages else document
            for number, document in enumerate(self.read)
        ]

    def _with_texts(self, document: ParsedDocument, pages: Mapping[int, Future[str]]) -> ParsedDocument:
        written: dict[int, str] = {}
        failed: dict[int, str] = {}
        for number, page in pages.items():
            try:
                written[number] = page.result()
            except PageFailed as error:
                failed[number] = str(error)
        return with_texts(document, self.model, written, failed)


class PageQueue:
    """Has pages read. No more pictures are held than pages are in work."""

    def __init__(
        self, ocr: OcrSettings, parser: Parser, read: Callable[[bytes], str], pool: ThreadPoolExecutor
    ) -> None:
        self._ocr, self._parser, self._read, self._pool = ocr, parser, read, pool
        self._places = threading.BoundedSemaphore(ocr.concurrency)
        self.num_done = 0  # pages

    def begin(self, place: bytes, documents: Sequence[ParsedDocument]) -> Pending:
        """Begin to read the pages of a file that are pictures, if there is a model. Waits while others are in work."""
        if self._ocr.model is None:
            return Pending(read=documents)
        path = Path(os.fsdecode(place))
        pages = {
            number: {page: self._begun(path, document, page) for page in scanned}
            for number, document in enumerate(documents)
            if (scanned := scanned_pages(document))
        }
        return Pending(read=documents, model=self._ocr.model, pages=pages)

    def _begun(self, path: Path, document: ParsedDocument, page: int) -> Future[str]:
        self._places.acquire()
        try:
            png = self._parser.draw(path, document, page, dpi=self._ocr.dpi, max_pixels=self._ocr.max_pixels)
            begun = self._pool.submit(self._read, png)
        except Undrawn as error:
            begun = Future()
            begun.set_exception(PageFailed(str(error)))
        begun.add_done_callback(self._ended)
        return begun

    def _ended(self, _: Future[str]) -> None:
        self.num_done += 1
        self._places.release()


@contextmanager
def pages_by_model(ocr: OcrSettings, parser: Parser) -> Iterator[PageQueue]:
    """What reads pages as the settings say; without a model it reads none. At the end, nothing is waited for."""
    pool = ThreadPoolExecutor(ocr.concurrency, thread_name_prefix="glane-ocr")
    try:
        yield PageQueue(ocr, parser, Endpoint(ocr=ocr).read, pool)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
