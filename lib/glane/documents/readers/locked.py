"""Office files with a password: their archive is encrypted as a whole."""

from __future__ import annotations

from glane.documents.reading import Context, Reading, encrypted


def read(data: bytes, context: Context) -> Reading:
    """Refuse it.

    Raises:
        Unread: always.
    """
    raise encrypted()
