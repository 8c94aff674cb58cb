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
    "\u00ad": "\u00ad",  # a soft hyphen is removed later, together with the end of line after it
    "\u0338": "\u0338",  # a stroke that negates: "≠" is not "="
}
# Runs of white space, and the optional spaces of French in "« toux »", "toux :", "38 °C" and "5 %".
_SPACES = re.compile(" +(?=[»;:!?%°])|(?<=[« ]) +")
# A hyphen between letters, and the end of line after it: "vomis-\nsements", "post-opératoire".
_HYPHENS = re.compile(r"-(?<=[^\W\d_]-) *(?=[^\W\d_])")
_SOFT_HYPHENS = re.compile("\u00ad(?: +(?=[^\\W\\d_]))?")
_DECIMAL_COMMAS = re.compile(r",(?<=\d,)(?=\d)")  # 38,5 and 38.5 are the same number
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
    if "\uac00" <= character <= "\ud7a3":  # Hangul: decomposition would split its syllables
        return character
    folded = unicodedata.normalize("NFD", character.casefold())
    wide = unicodedata.normalize("NFKD", folded).casefold()
    # "ﬁ" becomes "fi", but "10²" must not become "102", nor "½" "1/2". No character becomes a space and a mark.
    if unicodedata.category(character) != "No" and not (len(wide) > 1 and any(c.isnumeric() or c == " " for c in wide)):
        folded = wide
    letters = (_SPELLING.get(c, c) for c in folded)
    return "".join(c for c in letters if c == "\u0338" or unicodedata.category(c[0]) not in ("Mn", "Me"))


_TABLE = _Table()


def fold(text: str) -> str:
    """Return the text without differences of spelling, for comparison.

    Letters become lower case without accents. Ligatures are resolved. A run of white space becomes one space, or none
    just inside quotation marks and before ";:!?%°". Quotation marks, dashes and decimal commas become plain. Hyphens
    between letters are removed, with the end of line after them: "vomis-\\nsements" and "post-opératoire" become
    "vomissements" and "postoperatoire". White space around the text is removed.
    """
    return fold_with_origins(text)[0].strip(" ")


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
    # In this order, as a soft hyphen and spaces may come between a hyphen and the next letter.
    for pattern in (_SPACES, _SOFT_HYPHENS, _HYPHENS):
        gone = [match.span() for match in pattern.finditer(folded)]
        if gone:
            kept = np.ones(len(folded), dtype=bool)
            for start, end in gone:
                kept[start:end] = False
            folded, origin = pattern.sub("", folded), origin[kept]
    return _DECIMAL_COMMAS.sub(".", folded).translate(_GUILLEMETS), origin


def code_points(text: str) -> NDArray[np.uint32]:
    """Return the code points of a text, lone surrogates included."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
