"""Pictures: pages that a vision model may read."""

from __future__ import annotations

import io

from glane.documents.parsed import Outcome, Page
from glane.documents.reading import Context, Reading, Unread, corrupt


def read(data: bytes, context: Context) -> Reading:
    """Say that it is one, and count the pages of a TIFF. Nothing is decoded.

    Raises:
        Unread: if it has too many pages, or they cannot be counted.
    """
    count = _pages_of_tiff(data) if context.media_type == "image/tiff" else 1
    if count > (most := context.limits.max_pages):
        raise Unread(Outcome.TOO_LARGE, f"it has {count} pages, more than {most}; max_pages sets this limit")
    told = "it is a picture" if count == 1 else f"it is a picture of {count} pages"
    return Reading(pages=[Page(start=0, end=0, is_scanned=True)] * count, outcome=Outcome.NEEDS_OCR, reason=told)


def _pages_of_tiff(data: bytes) -> int:
    """How many pages it has.

    Raises:
        Unread: if it is damaged, as pages would be lost in silence.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            return int(getattr(image, "n_frames", 1))
    except (OSError, ValueError, SyntaxError, KeyError, EOFError, TypeError):
        raise corrupt("its pages cannot be counted") from None
