"""Folds text for comparison: spellings that a person would read as the same become the same string."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
from numpy.typing import NDArray

_SPELLING = {
    **dict.fromkeys("’‘‛′`´ʼʹ", "'"),
    **dict.fromkeys("“”„‟″", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    **dict(zip("œæøłđı×", ("oe", "ae", "o", "l", "d", "i", "x"))),
    "٫": ".",  # the decimal sign of Arabic
    "\u0640": "",  # lengthens a word of Arabic, to look well
    "\u00ad": "\u00ad",  # a soft hyphen is removed later, together with the end of line after it
    "\u0338": "\u0338",  # a stroke that negates: "≠" is not "="
}
# Runs of white space, and the optional spaces in "« toux »", "toux :", "38 °C", "5 %" and "10 mg".
# The pattern begins with a space, which makes the search fast; the lookbehinds go over that space, too.
_SPACES = re.compile(r" (?:(?<=[« ] ) *| *(?=[»;:!?%°])|(?<=\d ) *(?=[^\W\d_]))")
# A hyphen between letters, and the end of line after it: "vomis-\nsements", "post-opératoire".
_HYPHENS = re.compile(r"-(?<=[^\W\d_]-) *(?=[^\W\d_])")
_SOFT_HYPHENS = re.compile("\u00ad(?: +(?=[^\\W\\d_]))?")
# In this order, as a soft hyphen and spaces may come between a hyphen and the next letter.
_LEFT_OUT = (_SPACES, _SOFT_HYPHENS, _HYPHENS)
_DECIMAL_COMMAS = re.compile(r",(?<=\d,)(?=\d)")  # 38,5 and 38.5 are the same number
_SYLLABLES = re.compile("[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?")  # of Hangul, in their letters
_GUILLEMETS = str.maketrans("«»", '""')


class _Table(dict[int, str]):
    """Maps a code point to its folded spelling, for `str.translate`. Filled when a character first occurs."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold_character(chr(code))
        return folded


def _fold_character(character: str) -> str:
    if character.isspace():
        return " "
    if character in _SPELLING:
        return _SPELLING[character]
    if unicodedata.category(character) in ("Cc", "Cf"):  # zero-width spaces, marks of direction
        return ""
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    if "\uac00" <= character <= "\ud7a3":  # Hangul: decomposition would split its syllables
        return character
    folded = unicodedata.normalize("NFD", character.casefold())
    wide = unicodedata.normalize("NFKD", folded).casefold()
    # "ﬁ" becomes "fi", but "10²" must not become "102", nor "½" "1/2". No character becomes a space and a mark.
    if unicodedata.category(character) != "No" and not (len(wide) > 1 and any(c.isnumeric() or c == " " for c in wide)):
        folded = wide
    letters = (_SPELLING.get(c, c) for c in folded)
    return "".join(c for c in letters if c == "\u0338" or not c or unicodedata.category(c[0]) not in ("Mn", "Me"))


_TABLE = _Table()


def fold(text: str) -> str:
    """Return the text without differences of spelling, for comparison.

    Letters become lower case without accents. Ligatures are resolved. A run of white space becomes one space, or none
    just inside quotation marks, before ";:!?%°" and between a number and its unit. Quotation marks, dashes, digits and
    decimal commas become plain. Hyphens between letters are removed, with the end of line after them:
    "vomis-\\nsements" and "post-opératoire" become "vomissements" and "postoperatoire". White space around the text is
    removed.
    """
    folded = text.translate(_TABLE)
    for pattern in _LEFT_OUT:
        folded = pattern.sub("", folded)
    return _finished(folded).strip(" ")


def fold_with_origins(text: str) -> tuple[str, NDArray[np.int32]]:
    """Fold a text, except that white space around it is kept.

    The array has one index per folded character: that of the character in `text` that it comes from.
    """
    folded = text.translate(_TABLE)
    origin = np.arange(len(text), dtype=np.int32)
    odd = [code for code in map(ord, set(text)) if len(_TABLE[code]) != 1]
    if odd:
        codes = code_points(text)
        lengths = np.ones(codes.max() + 1, dtype=np.uint8)
        for code in odd:
            lengths[code] = len(_TABLE[code])
        origin = origin.repeat(lengths[codes])
    for pattern in _LEFT_OUT:
        folded, origin = pattern.sub("", folded), _without(origin, [match.span() for match in pattern.finditer(folded)])
    later_letters = [(match.start() + 1, match.end()) for match in _SYLLABLES.finditer(folded)]
    return _finished(folded), _without(origin, later_letters)


def _finished(folded: str) -> str:
    composed = _SYLLABLES.sub(lambda match: unicodedata.normalize("NFC", match[0]), folded)
    return _DECIMAL_COMMAS.sub(".", composed).translate(_GUILLEMETS)


def _without(origin: NDArray[np.int32], spans: list[tuple[int, int]]) -> NDArray[np.int32]:
    if not spans:
        return origin
    kept = np.ones(len(origin), dtype=bool)
    for start, end in spans:
        kept[start:end] = False
    return origin[kept]


def code_points(text: str) -> NDArray[np.uint32]:
    """Return the code points of a text, lone surrogates included."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
