"""Read one file of the inventory as it is at one moment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from glane.documents.parsed import Outcome, ParsedDocument
from glane.storage import patiently

_MOST_READS = 3
_UNKNOWN = "application/octet-stream"


class Reads(Protocol):
    """What reads a file; see `glane.documents.read.Parser`."""

    def read(self, path: Path) -> tuple[ParsedDocument, ...]:
        """The documents of a file: one at least. Never raises for what is wrong with it."""
        ...


def read_file(parser: Reads, place: bytes) -> tuple[ParsedDocument, ...]:
    """The documents of a file. One that is changed while it is read is read again; at last it is told as such."""
    path = Path(os.fsdecode(place))
    for _ in range(_MOST_READS):
        before = _identity(path)
        documents = parser.read(path)
        if _identity(path) == before:
            return documents
    reason = f"it was changed while it was read, {_MOST_READS} times. Read it again once it is at rest"
    return (ParsedDocument(outcome=Outcome.UNREADABLE, media_type=_UNKNOWN, reason=reason),)


def _identity(path: Path) -> tuple[int, int, int, int] | None:
    """What the file system says of a file; None if it cannot be looked at."""
    try:
        status = patiently(lambda: path.stat())
    except OSError:
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
