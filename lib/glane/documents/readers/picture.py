"""Pictures: a page that OCR may read."""

from __future__ import annotations

from glane.documents.parsed import Outcome, Page
from glane.documents.reading import Context, Reading


def read(data: bytes, context: Context) -> Reading:
    """Say that it is one. The picture itself is not looked at."""
    return Reading(pages=[Page(start=0, end=0, is_scanned=True)], outcome=Outcome.NEEDS_OCR, reason="it is a picture")
