"""Plain text, Markdown, and what else is text as it stands."""

from __future__ import annotations

from glane.documents.parsed import Outcome
from glane.documents.reading import Context, Reading, Unread
from glane.encodings.detect import decoded

_MOST_CONTROLS = 0.02  # of the characters; more make it no text


def read(data: bytes, context: Context) -> Reading:
    """Read text in the encoding that it is in.

    Raises:
        Unread: if it is no text.
    """
    text, encoding = decoded(data, told=context.told)
    start = text[:65536]
    controls = sum(letter < " " and letter not in "\t\n\r\f\x0b\x1a\x1b" for letter in start)
    if controls > _MOST_CONTROLS * len(start):
        raise Unread(Outcome.UNSUPPORTED, "its kind is not known, and it is no text. Convert it to PDF or text")
    return Reading(text=text.rstrip("\x1a"), encoding=encoding)
