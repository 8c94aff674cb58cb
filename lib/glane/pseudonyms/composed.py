"""A text as the rules read it: accents composed, line ends as one sign, no invisible ones; and where they stood."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from glane.pseudonyms.kinds import Found

_NO_WIDTH = (
    "\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"  # what web pages and mail put between letters, and nobody sees
)
_ODD = re.compile(rf"\r\n|[\u0300-\u036f{_NO_WIDTH}]")
_UNSEEN = re.compile(f"[{_NO_WIDTH}]")
_SIGN = re.compile(r"\r\n|.[\u0300-\u036f]*", re.DOTALL)


class Composed:
    """`text` is the composed form; macOS and some PDF files write accents as code points of their own."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._places: list[int] | None = None  # of each code point in what was given, and its end
        if _ODD.search(text) is None:
            return
        pieces, places = list[str](), list[int]()
        for one in _SIGN.finditer(text):
            piece = "\n" if one[0] == "\r\n" else unicodedata.normalize("NFC", _UNSEEN.sub("", one[0]))
            pieces.append(piece)
            places += range(one.start(), one.start() + len(piece))
        self.text, self._places = "".join(pieces), [*places, len(text)]

    def given(self, found: Found) -> Found:
        """What was found in `text`, where it stands in what was given."""
        if self._places is None:
            return found
        return replace(found, start=self._places[found.start], end=self._places[found.end])


def composed(text: str) -> str:
    """The composed form of a text."""
    return Composed(text).text
