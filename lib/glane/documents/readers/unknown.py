"""Kinds that no reader is there for: said with what to do about it."""

from __future__ import annotations

from glane.documents.parsed import Outcome
from glane.documents.reading import Context, Reading, Unread

_ARCHIVES = frozenset(
    "application/" + kind for kind in ("gzip", "x-7z-compressed", "vnd.rar", "x-bzip2", "x-xz", "x-tar", "vnd.ms-tnef")
)
_TABLES = frozenset({"application/vnd.apache.parquet", "application/vnd.sqlite3"})


def read(data: bytes, context: Context) -> Reading:
    """Refuse it.

    Raises:
        Unread: always.
    """
    kind = context.media_type
    if kind in _ARCHIVES:
        remedy = "Unpack it, and give the files"
    elif kind in _TABLES:
        remedy = "It is a table: read it as one"
    elif kind.startswith(("audio/", "video/", "application/x-executable", "application/x-msdownload")):
        remedy = "It is no document"
    else:
        remedy = "Convert it to PDF, DOCX or text"
    raise Unread(Outcome.UNSUPPORTED, f"no reader is there for {kind}. {remedy}")
