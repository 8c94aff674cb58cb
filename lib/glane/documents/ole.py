"""Storages of Microsoft's older files: streams, and what they say of themselves."""

from __future__ import annotations

import datetime as dt
import io
from typing import TYPE_CHECKING

from glane.documents.reading import corrupt
from glane.encodings.detect import decoded, known

if TYPE_CHECKING:
    import olefile

_WORDS = {
    "title": "title", "author": "author", "subject": "subject", "keywords": "keywords", "create_time": "created",
    "last_saved_time": "modified",
}  # fmt: skip


def opened(data: bytes) -> olefile.OleFileIO:
    """Open a storage.

    Raises:
        Unread: if it is damaged.
    """
    import olefile

    try:
        return olefile.OleFileIO(io.BytesIO(data))
    except (OSError, ValueError, IndexError, TypeError, AttributeError):
        raise corrupt("its storage is cut off or damaged") from None


def stream(storage: olefile.OleFileIO, name: str) -> bytes | None:
    """Return what a stream holds, or None if there is none of that name.

    Raises:
        Unread: if it is damaged.
    """
    if not storage.exists(name):
        return None
    try:
        with storage.openstream(name) as opened_stream:
            return bytes(opened_stream.read())
    except (OSError, ValueError, IndexError, TypeError, AttributeError):
        raise corrupt("a stream of its storage is cut off or damaged") from None


def metadata(storage: olefile.OleFileIO) -> dict[str, str]:
    """Return title, author and dates, as far as they are there and whole."""
    try:
        found = storage.get_metadata()
    except Exception:  # the library's errors over damaged properties are of any kind
        return {}
    codec = known(f"cp{found.codepage}") if found.codepage else None
    values = {}
    for name, word in _WORDS.items():
        value = getattr(found, name, None)
        if isinstance(value, bytes):
            values[word] = value.decode(codec, "replace") if codec else decoded(value)[0]
        elif isinstance(value, dt.datetime) and value.year > 1601:
            values[word] = value.isoformat()
        elif isinstance(value, str):
            values[word] = value
    return values
