"""What goes between a reader's process and its parent: JSON in frames. The parent trusts none of it.

A frame is its length, 8 bytes, and a JSON array of its kind and its content. Pickles would let a process that a
hostile document took over run code in its parent.
"""

from __future__ import annotations

import binascii
import json
import struct
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from glane.documents.parsed import Outcome, Page, ParsedDocument

HEADER = struct.Struct(">Q")
_LONGEST_SENTENCE = 1000  # characters
_PNG = struct.Struct(">8s4x4sII")  # how a PNG begins: its mark, its first chunk, width and height
_MOST_OF_A_PIXEL = 4  # bytes of a PNG: three, and a reserve
_MOST_OF_A_PICTURE = 1 << 16  # bytes, beside those of its pixels


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


def drawing(path: str, part: str, sha256: str, page: int, *, dpi: int, max_pixels: int) -> bytes:
    """The request to draw a page, from 0, of the document with this digest."""
    told = {"path": path, "part": part, "sha256": sha256, "page": page, "dpi": dpi, "max_pixels": max_pixels}
    return frame("draw", told)


def most_of_a_picture(max_pixels: int) -> int:
    """How many bytes the PNG of so many pixels has at most."""
    return _MOST_OF_A_PIXEL * max_pixels + _MOST_OF_A_PICTURE


def picture_to_json(png: bytes) -> str:
    """Return a PNG as text, in base64."""
    return binascii.b2a_base64(png, newline=False).decode()


def picture(content: Any, *, max_pixels: int) -> bytes:
    """Read a PNG, and check that it begins as one and has no more than so many pixels.

    Raises:
        BadFrame: if not.
    """
    try:
        png = binascii.a2b_base64(_text(content), strict_mode=True)
        mark, chunk, width, height = _PNG.unpack_from(png)
    except (ValueError, struct.error):
        raise BadFrame from None
    is_png = (mark, chunk) == (b"\x89PNG\r\n\x1a\n", b"IHDR")
    if not (is_png and 0 < width * height <= max_pixels and len(png) <= most_of_a_picture(max_pixels)):
        raise BadFrame
    return png


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


def sentence(content: Any) -> str:
    """Read a reason.

    Raises:
        BadFrame: if it is none.
    """
    return _text(content)[:_LONGEST_SENTENCE]


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
