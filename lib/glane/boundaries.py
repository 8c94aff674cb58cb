"""Where a text is never cut: within a number, and within what reads as one character.

Quotes are held to it when they are decoded, when they are looked up, and when values are compared with a text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

# It begins with a plain class, which makes the search fast; the lookbehinds go over that first digit, too.
NUMBER = "".join(
    [
        r"[0-9²](?:",
        # Digits in groups. A space groups no digits behind a letter: "J3 234" is two numbers.
        r"(?<=[1-9])(?<![0-9²].)(?<![0-9²][.,:].)(?:(?<![A-Za-z].)|(?=[0-9]{0,2}[.,']))",
        r"[0-9]{0,2}(?P<group>[ .,'])[0-9]{3}(?:(?P=group)[0-9]{3})*(?![0-9²])",
        r"(?:(?!(?P=group))[.,][0-9²]+)?(?![.,]?[0-9²])",
        # A decimal sign. "03.2024" and "12.2024" are a month and a year, and two signs make a date or a list.
        r"|(?<![0-9²].)(?<![0-9²][.,].)(?!(?<=0)[0-9]|(?:(?<=[1-9])|(?<=1)[0-2])\.(?:19|20)[0-9]{2}(?![0-9²]))",
        r"[0-9²]*[.,][0-9²]+(?![.,]?[0-9²])",
        r"|[0-9²]*)",
    ]
)
_NUMBER = re.compile(NUMBER)
_SEPARATORS = {**dict.fromkeys("\u00a0\u2007\u2009\u202f", " "), "’": "'", "٫": ".", "٬": ","}
_PAIRS = re.compile("\r\n|[\U0001f1e6-\U0001f1ff]{2}")  # an end of line; two letters that are a flag
_HANGUL = re.compile("[\u1100-\u11ff\ua960-\ua97c\uac00-\ud7fb]")


class _Plain(dict[int, str]):
    """Maps a code point to one that `NUMBER` knows, for `str.translate`. Filled when a character first occurs."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        plain = _SEPARATORS.get(character, character)
        if character.isnumeric():
            plain = str(unicodedata.decimal(character, "²"))
        self[code] = plain
        return plain


_PLAIN = _Plain()


def plain_numbers(text: str) -> str:
    """Return a text of the same length whose numbers `NUMBER` matches.

    Digits are those of ASCII, other signs of numbers ("½", "²") are "²", and what separates digits is a space, a point,
    a comma or an apostrophe of ASCII.
    """
    return text if text.isascii() else text.translate(_PLAIN)


def numbers(text: str) -> Iterator[tuple[int, int]]:
    """Yield start and end of each number, in code points.

    Groups of three digits behind a space, point, comma or apostrophe belong to the number: "1 234,5" is one. The parts
    of a date are numbers of their own.
    """
    return (match.span() for match in _NUMBER.finditer(plain_numbers(text)))


def within_numbers(text: str) -> frozenset[int]:
    """Return the offsets that are within a number."""
    return frozenset(offset for start, end in numbers(text) for offset in range(start + 1, end))


def within_characters(text: str) -> frozenset[int]:
    """Return the offsets that are within what reads as one character.

    That is a letter with its accents, an emoji of several parts, a flag, a Hangul syllable in its letters, and the end
    of a line in two characters.
    """
    pairs = (match.start() + 1 for match in _PAIRS.finditer(text))
    if text.isascii():
        return frozenset(pairs)
    joining = "".join(re.escape(character) for character in set(text) if _joins(character))
    places = re.finditer(f"(?<=\u200d).|[{joining}]", text, re.DOTALL) if joining else ()
    return frozenset(pairs).union(place.start() for place in places if _continues(text, place.start()))


def _joins(character: str) -> bool:
    """Whether a character can belong to the one before it."""
    return (
        unicodedata.category(character)[0] == "M"
        or character == "\u200d"
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # tones of skin
        or "\U000e0020" <= character <= "\U000e007f"  # tags of flags
        or "\u1160" <= character <= "\u11ff"
        or "\ud7b0" <= character <= "\ud7fb"
    )


def _continues(text: str, offset: int) -> bool:
    if not offset or text[offset - 1].isspace():
        return False
    before, after = text[offset - 1], text[offset]
    if before == "\u200d" and unicodedata.category(after) == "So":
        return True
    return _joins(after) and (not _HANGUL.match(after) or _HANGUL.match(before) is not None)
