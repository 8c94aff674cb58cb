"""What goes between a reader's process and its parent: JSON in frames. The parent trusts none of it.

A frame is its length, 8 bytes, and a JSON array of its kind and its content. Pickles would let a process that a
hostile document took over run code in its parent.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from glane.documents.parsed import Outcome, Page, ParsedDocument

HEADER = struct.Struct(">Q")


class BadFrame(ValueError):
    """A frame that no reader writes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """The reading of a document begins: what is known of it, should the process die."""

    media_type: str
    part: str
    sha256: str


def frame(kind: str, content: object) -> bytes:
    """Return a frame as bytes."""
    payload = json.dumps([kind, content], ensure_ascii=False).encode("utf-8", "surrogatepass")
    return HEADER.pack(len(payload)) + payload


def request(path: str, skip: Mapping[str, str]) -> bytes:
    """The request to read a file but for its parts in `skip`. Names of files may hold lone surrogates."""
    return frame("read", {"path": path, "skip": list(skip)})


def unpacked(payload: bytes) -> tuple[str, Any]:
    """Return the kind and the content of a frame.

    Raises:
        BadFrame: if it is none.
    """
    try:
        kind, content = json.loads(payload.decode("utf-8", "surrogatepass"))
    except (ValueError, TypeError, RecursionError):
        raise BadFrame from None
    if not isinstance(kind, str):
        raise BadFrame
    return kind, content


def begun(content: Any) -> Begun:
    """Read a `Begun`.

    Raises:
        BadFrame: if it is none.
    """
    if not isinstance(content, dict):
        raise BadFrame
    return Begun(**{key: _text(content.get(key)) for key in ("media_type", "part", "sha256")})


def document_to_json(document: ParsedDocument) -> dict[str, object]:
    """Return a document as JSON."""
    return asdict(document) | {"pages": [[page.start, page.end, page.is_scanned] for page in document.pages]}


def document(content: Any) -> ParsedDocument:
    """Read a document, and check what it says of itself.

    Raises:
        BadFrame: if it is none.
    """
    try:
        text = _text(content["text"])
        encoding = content["encoding"]
        return ParsedDocument(
            outcome=Outcome(content["outcome"]),
            media_type=_text(content["media_type"]),
            part=_text(content["part"]),
            sha256=_text(content["sha256"]),
            text=text,
            pages=tuple(_page(page, len(text)) for page in content["pages"]),
            metadata={_text(key): _text(value) for key, value in content["metadata"].items()},
            encoding=None if encoding is None else _text(encoding),
            reason=_text(content["reason"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BadFrame from None


def _page(page: Any, length: int) -> Page:
    start, end, is_scanned = page
    if not (type(start) is type(end) is int and 0 <= start <= end <= length and isinstance(is_scanned, bool)):
        raise BadFrame
    return Page(start=start, end=end, is_scanned=is_scanned)


def _text(value: Any) -> str:
    if not isinstance(value, str) or "\x00" in value:
        raise BadFrame
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise BadFrame from None
    return value
