"""Pages that are pictures are drawn one after another, and read by a model several at once."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from glane.documents.limits import MIB
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
    max_text_mib: int = 0  # of the file, as read and as the model wrote

    @property
    def is_done(self) -> bool:
        """Whether no page is in work any more."""
        return all(one.done() for pages in self.pages.values() for one in pages.values())

    @property
    def num_characters(self) -> int:
        """Of the texts that are held by now."""
        pages = (page for pages in self.pages.values() for page in pages.values() if page.done())
        return sum(len(document.text) for document in self.read) + sum(len(_written(page)) for page in pages)

    def documents(self) -> list[ParsedDocument]:
        """The documents with what the model wrote. Waits for it.

        Raises:
            EngineError: if no page can be read.
        """
        left = self.max_text_mib * MIB - _size(self.read)
        made: list[ParsedDocument] = []
        for number, document in enumerate(self.read):
            written: dict[int, str] = {}
            failed: dict[int, str] = {}
            for page, begun in self.pages.get(number, {}).items():
                try:
                    text = begun.result()
                    left -= len(text.encode())
                    if left < 0:
                        raise _too_much(self.max_text_mib)
                    written[page] = text
                except PageFailed as error:
                    failed[page] = str(error)
            made.append(with_texts(document, self.model, written, failed) if written or failed else document)
        return made


def _size(documents: Sequence[ParsedDocument]) -> int:
    """Bytes of UTF-8."""
    return sum(len(document.text.encode()) for document in documents)


def _written(page: Future[str]) -> str:
    """What the model wrote for a page that is done; nothing where it failed."""
    return "" if page.cancelled() or page.exception() is not None else page.result()


def _parted(pages: Sequence[Future[str]]) -> tuple[list[Future[str]], list[Future[str]]]:
    """Those that are done, whichever were begun first, and the others."""
    done = [one for one in pages if one.done()]
    return done, [one for one in pages if one not in done]


def _failed(why: PageFailed) -> Future[str]:
    failed: Future[str] = Future()
    failed.set_exception(why)
    return failed


def _too_much(max_text_mib: int) -> PageFailed:
    return PageFailed(f"the text of its file is more than {max_text_mib} MiB; limits.max_text_mib sets this limit")


class PageQueue:
    """Has pages read. No more pictures are held than pages are in work."""

    def __init__(
        self,
        ocr: OcrSettings,
        parser: Parser,
        max_text_mib: int,
        read: Callable[[bytes], str],
        pool: ThreadPoolExecutor,
    ) -> None:
        self._max_text_mib = max_text_mib
        self._ocr, self._parser, self._read, self._pool = ocr, parser, read, pool
        self._places = threading.BoundedSemaphore(ocr.concurrency)
        self._stop: BaseException | None = None  # the first that is no failure of one page
        self.num_done = 0  # pages

    def begin(self, place: bytes, documents: Sequence[ParsedDocument]) -> Pending:
        """Begin to read the pages of a file that are pictures, if there is a model. Waits while others are in work.

        Raises:
            EngineError: if no page can be read. Those in work are the last that were sent.
        """
        if self._ocr.model is None:
            return Pending(read=documents)
        path = Path(os.fsdecode(place))
        pages: dict[int, dict[int, Future[str]]] = {}
        in_work: list[Future[str]] = []
        left = self._max_text_mib * MIB - _size(documents)
        for number, document in enumerate(documents):
            for page in scanned_pages(document):
                done, in_work = _parted(in_work)
                left -= sum(len(_written(one).encode()) for one in done)
                begun = self._begun(path, document, page) if left >= 0 else _failed(_too_much(self._max_text_mib))
                pages.setdefault(number, {})[page] = begun
                in_work.append(begun)
        return Pending(read=documents, model=self._ocr.model, pages=pages, max_text_mib=self._max_text_mib)

    def _begun(self, path: Path, document: ParsedDocument, page: int) -> Future[str]:
        self._places.acquire()
        if self._stop is not None:
            self._places.release()
            raise self._stop
        try:
            png = self._parser.draw(path, document, page, dpi=self._ocr.dpi, max_pixels=self._ocr.max_pixels)
            begun = self._pool.submit(self._read, png)
        except Undrawn as error:
            begun = _failed(PageFailed(str(error)))
        begun.add_done_callback(self._ended)
        return begun

    def _ended(self, page: Future[str]) -> None:
        error = None if page.cancelled() else page.exception()
        if self._stop is None and error is not None and not isinstance(error, PageFailed):
            self._stop = error
        self.num_done += 1
        self._places.release()


@contextmanager
def pages_by_model(ocr: OcrSettings, parser: Parser, *, max_text_mib: int) -> Iterator[PageQueue]:
    """What reads pages as the settings say; without a model it reads none. At the end, nothing is waited for.

    Args:
        ocr: The model and its server.
        parser: Draws the pages.
        max_text_mib: Of one file, as read and as the model wrote.
    """
    pool = ThreadPoolExecutor(ocr.concurrency, thread_name_prefix="glane-ocr")
    try:
        yield PageQueue(ocr, parser, max_text_mib, Endpoint(ocr=ocr).read, pool)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
