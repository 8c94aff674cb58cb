"""Where a text is never cut: within a number, within a word, and within what reads as one character.

Quotes are held to it when they are decoded, when they are looked up, and when values are compared with a text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

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


# Scripts that are written without spaces between words, or join particles to them: there a word has no bounds to see.
_UNSPACED = re.compile(
    "[\u0e00-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc"
    "\U00020000-\U0003ffff]"
)
# Parts of words at a hyphen that turn their sense, negations with an apostrophe, and words over two lines.
_COMPOUND = re.compile(
    r"\b(?:non|anti|ex|beau|belle|grands?|petits?|arri[eè]re|demi|half|step|great|pr[eé]|post|pseudo|sous|sub|mi)[-‐‑](?=[^\W\d_])"
    r"|(?<=[^\W\d_])(?=[-‐‑](?:free|negative|positive|like|in-law|n[eé]gati[fv]e?|positi[fv]e?)\b)[-‐‑](?:in-)?"
    r"|(?<=n)['’](?=t\b)"
    r"|(?<=[^\W\d_])[-\u00ad]\r?\n *(?=[^\W\d_])",
    re.IGNORECASE,
)
_OTHER, _LETTER, _DIGIT = range(3)
_ANY_KIND, _STRONG, _UNKNOWN = 3, 4, 8
_KINDS = np.full(0x110000, _UNKNOWN, np.uint8)  # of each code point, filled when it first occurs
_MIN_QUOTE = 3  # letters and digits; shorter quotes need a capital, or a character that is a word: "F"


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


def within_words(text: str) -> npt.NDArray[np.bool_]:
    """Return whether each offset of a text (0 to its length) is within a word.

    A word is a run of letters and of what follows them: accents, soft hyphens, digits ("H5N1"). A digit begins no word
    with what follows it: "48h" has a bound. "Beau-père", "non-vacciné" and "isn't" are one word. Scripts without spaces
    have no words here.
    """
    found = np.zeros(len(text) + 1, np.bool_)
    if len(text) < 2:
        return found
    kinds = _kinds(text) & _ANY_KIND
    is_letter = kinds == _LETTER
    found[1:-1] = is_letter[:-1] & (is_letter[1:] | (kinds[1:] == _DIGIT))
    for match in _COMPOUND.finditer(text):
        found[match.start() : match.end() + 1] = True
        found[match.start()] = match.start() > 0 and bool(is_letter[match.start() - 1])
    return found


def least_ends(text: str, *, with_numbers: bool = False) -> npt.NDArray[np.int64]:
    """Return, for each offset of a text, the least end of a quote that begins there and is not too short.

    Too short is what has fewer than three letters or digits, and no capital. `with_numbers`, a digit is enough. Where
    no end is enough, it is one more than the length of the text.
    """
    kinds = _kinds(text)
    if with_numbers:
        kinds = np.where(kinds == _DIGIT, np.uint8(_DIGIT | _STRONG), kinds)
    counts = np.concatenate(([0], np.cumsum(kinds > 0)))  # letters and digits before each offset
    by_length = np.searchsorted(counts, counts[:-1] + _MIN_QUOTE)
    strong = np.append(np.flatnonzero(kinds & _STRONG) + 1, len(text) + 1)
    by_sign = strong[np.searchsorted(strong, np.arange(len(text)), side="right")]
    return np.minimum(by_length, by_sign)


def is_too_short(quote: str) -> bool:
    """Whether a quote is too short to show anything, and no number; see `least_ends`."""
    return not quote or bool(least_ends(quote, with_numbers=True)[0] > len(quote))


def _kinds(text: str) -> npt.NDArray[np.uint8]:
    """The kind of each character of a text."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    kinds = _KINDS[codes]
    if (unknown := codes[kinds == _UNKNOWN]).size:
        for code in np.unique(unknown).tolist():
            _KINDS[code] = _kind(chr(code))
        kinds = _KINDS[codes]
    return kinds


def _kind(character: str) -> int:
    if _UNSPACED.match(character) or unicodedata.category(character) == "So" or character in "≥≤≠±×":
        return _OTHER | _STRONG  # it says something alone
    if character.isnumeric():
        return _DIGIT
    if character.isalpha() or character == "\u00ad" or unicodedata.category(character)[0] == "M":
        return _LETTER | _STRONG * character.isupper()
    return _OTHER
