"""Whether a sentence is written as its passage is: letters that only look alike hide a word from every list."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W\d_]{2,}")
_PLAIN = ("LATIN SMALL LETTER", "LATIN CAPITAL LETTER", "FULLWIDTH LATIN", "LATIN SMALL LIGATURE", "MICRO SIGN")
_UNUSUAL = frozenset({"No", "Nl", "Cf", "Co", "Mn", "Me"})  # Ⅻ, ①, ½, marks of direction, marks on letters
_FEWEST_WORDS, _FEWEST_BESIDE_NUMBER = 3, 2


def has_words(sentence: str) -> bool:
    """Whether a sentence has three different words, or two beside a number."""
    words = {one.casefold() for one in _WORD.findall(sentence)}
    return len(words) >= (_FEWEST_BESIDE_NUMBER if re.search(r"\d", sentence) else _FEWEST_WORDS)


def foreign(sentence: str, passage: str) -> frozenset[str]:
    """The characters of a sentence that are of a script that its passage has not, or no plain letters and digits."""
    told = unicodedata.normalize("NFC", passage)
    scripts = {_script(one) for one in told if one.isalpha()}
    return frozenset(
        one
        for one in unicodedata.normalize("NFC", sentence)
        if one not in told
        and ((one.isalpha() and not _is_known(one, scripts)) or unicodedata.category(one) in _UNUSUAL)
    )


def _is_known(letter: str, scripts: set[str]) -> bool:
    name = unicodedata.name(letter, "")
    return name.startswith(_PLAIN) or (_script(letter) in scripts and not name.startswith("LATIN"))


def _script(letter: str) -> str:
    return unicodedata.name(letter, "?").split()[0]
