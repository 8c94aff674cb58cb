"""The French departments and regions that a few words name: the longest name at a place, as people write it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache

from glane.surveillance.places import names

_ENGLISH: Mapping[str, str] = {
    "Brittany": "Bretagne", "Normandy": "Normandie", "Corsica": "Corse", "Reunion": "La Réunion",
    "French Guiana": "Guyane",
}  # fmt: skip


def places_in(text: str) -> Iterator[str]:
    """The official names of the places that a text names, the longest where one holds another.

    A name of one word is one with a capital: "manche" and "somme" are words, and "Nord" is none of "CHNord".
    """
    plain = _plain(text)
    for match in _pattern().finditer(plain):
        if match[0][0].isupper() or not match[0].isalpha():
            yield _official()[re.sub("[- ]", " ", match[0]).casefold()]


def codes_of(name: str) -> frozenset[str]:
    """The codes of a place: a name can be that of a department and of a region."""
    return frozenset(code for level in ("department", "region") for code, one in names(level).items() if one == name)


@cache
def _official() -> Mapping[str, str]:
    """Official names by how they may be written."""
    found = {name: name for level in ("department", "region") for name in names(level).values()} | dict(_ENGLISH)
    return {_plain(spelled).replace("-", " ").casefold(): name for spelled, name in found.items()}


@cache
def _pattern() -> re.Pattern[str]:
    spelled = sorted(_official(), key=len, reverse=True)
    told = "|".join(re.escape(one).replace(r"\ ", "[- ]") for one in spelled)
    return re.compile(rf"(?<![\w-])(?:{told})(?![\w-])", re.IGNORECASE)


def _plain(text: str) -> str:
    """A text without accents, with plain apostrophes and hyphens."""
    told = unicodedata.normalize("NFD", text.replace("’", "'").replace("‑", "-"))
    return "".join(one for one in told if unicodedata.category(one) != "Mn")
