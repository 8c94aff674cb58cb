"""Keys of names: spellings of one name that a person reads as the same have the same key."""

from __future__ import annotations

import re
import unicodedata

from glane.task.fold import fold

_ABBREVIATIONS = {"st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes"}
_ARTICLES = frozenset(("le", "la", "les", "l", "the"))
# Folding removes a hyphen between letters: here it separates words, as an apostrophe does.
_SEPARATORS = str.maketrans(dict.fromkeys("-‐‑‒–—―−'’‘‛′`´ʼʹ", " "))
_ON = re.compile(r"\bs ?/ ?")  # "Chalon s/ Saône"
_DIGIT = re.compile(r"\d")
_SIGNS = re.compile(r"[\W_]+")
# "13e", "13ème", "13 e arr.", "13th"
_ORDINAL = re.compile(
    r"\b(\d+) ?(?:er|ere|eres?|e|es|eme|emes|nd|nde|rd|th)?(?: ?(?:arrondissements?|arrdt|ardt|arr))?(?![^\W_])"
)
_MARK = re.compile(r"\d+[^\W_]*|(?<![^\W_])(?:[^\W\d_]|[ivx]+)(?![^\W_])")
_ELIDED = frozenset("dlsnctj")  # single letters that are words cut short: "d'Arc", "l'Isle", "s"
_OPPOSITES = re.compile(
    r"(?<![^\W_])(?:hyper|hypo|tachy|brady|macro|micro|intra|extra|inter|ante|anti|pre|post|poly|oligo|mono|multi|non|"
    r"sus|sous|sur|haut|bas|nord|sud|est|ouest|north|south|east|west|upper|lower|inferieur|superieur)"
)


def as_written(name: str) -> str:
    """The name without spaces around it and with composed letters: what must be equal for an exact match."""
    return unicodedata.normalize("NFC", " ".join(name.split()))


def near_key(name: str) -> str:
    """The name without case, accents, ligatures, punctuation and hyphens; empty if it has no letter and no digit."""
    return _SIGNS.sub(" ", fold(name.translate(_SEPARATORS))).strip()


def far_key(name: str) -> str:
    """As `near_key`, also without articles at either end, and with "St", ordinals and "s/" written in one way."""
    folded = fold(name.translate(_SEPARATORS))
    if "/" in folded:
        folded = _ON.sub(" sur ", folded)
    folded = _SIGNS.sub(" ", folded)
    if _DIGIT.search(folded):
        folded = _ORDINAL.sub(r"\1", folded)
    words = [_ABBREVIATIONS.get(word, word) for word in folded.split()]
    while len(words) > 1 and words[0] in _ARTICLES:
        del words[0]
    while len(words) > 1 and words[-1] in _ARTICLES:  # "Havre (Le)"
        del words[-1]
    return " ".join(words)


def marks(key: str) -> tuple[str, ...]:
    """The parts of a key in which names that are similar must be equal.

    These are numbers, single letters and Roman numerals (hepatitis A and B), and prefixes and words of opposites.
    """
    return (*(one for one in _MARK.findall(key) if one not in _ELIDED), "", *_OPPOSITES.findall(key))
