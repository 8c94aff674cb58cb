"""What is read of a file: one document, or several where a file holds others, as an e-mail its attachments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """What became of one document. Only `OK` has a text that is all of it."""

    OK = "OK"
    EMPTY = "EMPTY"  # it was read, and holds no text and no picture of one
    OCR = "OCR"  # pages are pictures of text, and a model has read all of them: it may have left out or made up words
    NEEDS_OCR = "NEEDS_OCR"  # pages are pictures of text, and not all of them were read; what is text of it is there
    ENCRYPTED = "ENCRYPTED"  # a password is asked for
    CORRUPT = "CORRUPT"  # it begins as its kind does, and cannot be read to the end
    UNSUPPORTED = "UNSUPPORTED"  # no reader is there for its kind
    UNREADABLE = "UNREADABLE"  # the file system did not give it: it is gone, or may not be read
    TOO_LARGE = "TOO_LARGE"  # its bytes, pages or unpacked size exceed a limit that is set
    TIMED_OUT = "TIMED_OUT"  # the reader did not end within its time
    OUT_OF_MEMORY = "OUT_OF_MEMORY"  # the reader asked for more memory than it is allowed
    CRASHED = "CRASHED"  # the reader's process died


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page, sheet or slide: `text[start:end]` of its document, in code points."""

    start: int
    end: int
    is_scanned: bool = False  # a picture covers it, and there is no text, or next to none


@dataclass(frozen=True, slots=True, kw_only=True)
class PageByModel:
    """A page that a model has read, from 1: `text[start:end]` of its document is what the model wrote."""

    page: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PagesByModel:
    """The pages of a document that were given to a model, and why some of them were not read."""

    model: str
    read: tuple[PageByModel, ...]
    failed: tuple[tuple[int, str], ...]  # a page, from 1, and a sentence without text of it


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedDocument:
    """A document as it was read. `reason` tells in a sentence why it is not OK, without text of the document."""

    outcome: Outcome
    media_type: str  # as its content says, for example "application/pdf"
    part: str = ""  # where in its file: empty for the file itself, else "2 report.pdf", nested ones as "2/1 scan.pdf"
    sha256: str = ""  # of the bytes of the file, or of the attachment; empty where they could not be read
    text: str = ""
    pages: tuple[Page, ...] = ()  # empty where its kind has none
    metadata: Mapping[str, str] = field(default_factory=dict)  # title, author, created, subject, from, to, date …
    encoding: str | None = None  # of a plain text, as guessed or told by itself
    reason: str = ""
    ocr: PagesByModel | None = None  # None: no page was given to a model
