"""The words of a text as names are looked for: with their gaps, their capitals, and hyphens over line ends."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from glane.pseudonyms.words import folded, is_common, is_first_name, is_surname, letters, listed, several

_LETTER = r"[^\W\d_]"
_WORD = rf"{_LETTER}(?:{_LETTER}|[\u0300-\u036f\u00ad])*"
_TOKEN = re.compile(
    rf"(?<![^\W_])(?<!/){_LETTER}\.(?:-?{_LETTER}\.)*(?!{_LETTER})"
    rf"|(?:[NMOo]['’](?={_LETTER}))?{_WORD}(?:(?<={_LETTER}{_LETTER}{_LETTER})['’]{_WORD})?"
    rf"(?:[-‐‑](?:[ \t]*\r?\n[ \t]*)?{_WORD})*"
)
_INITIAL = re.compile(rf"{_LETTER}\.?(?:-?{_LETTER}\.)*")
PARTICLES = frozenset(
    several(
        "de du des d l la le les el al ben bel bou abou ould van von der den da do dos di del della mac mc m n st "
        "saint ait san af ter"
    )
)
_MOST_CAPITALS = 0.7  # a line with more is written in capitals: they tell nothing there


@dataclass(frozen=True, slots=True)
class Spelling:
    """What the letters of a word say, wherever it stands."""

    plain: str  # without accents and capitals; parts that a line end cuts are one
    parts: tuple[str, ...]  # the plain words that its hyphens join, also those of a line end
    letters: str  # what it is compared by
    is_upper: bool  # in capitals, and more than one
    is_capital: bool  # it begins with one
    is_initial: bool  # one capital, or letters with points
    is_first_name: bool  # the list has it, or all of its parts
    is_surname: bool  # the list has it, or one of its parts, where not all are ordinary words
    is_common: bool  # made of ordinary words
    is_eponym: bool  # a disease, a sign or a score has this name
    is_particle: bool  # it may stand before a surname and belong to it


@dataclass(frozen=True, slots=True)
class Token:
    """A word, or words that hyphens join, and where it stands."""

    start: int
    end: int
    text: str
    gap: str  # what stands between the token before it and this one
    in_capitals: bool  # its line is
    is_first: bool  # of its sentence
    word: Spelling


@lru_cache(maxsize=2**16)
def spelling(text: str) -> Spelling:
    """What the letters of a word say."""
    plain = folded(re.sub(r"[-‐‑][ \t]*\r?\n[ \t]*|\u00ad", "", text)).rstrip(".")
    parts = tuple(part for part in re.split(r"[-‐‑'’\s.]+", folded(text)) if part)
    is_all_common = all(map(is_common, parts))
    eponyms = listed("eponyms")
    return Spelling(
        plain=plain,
        parts=parts,
        letters=letters(text).rstrip("."),
        is_upper=text.isupper() and len(text) > 1,
        is_capital=text[0].isupper(),
        is_initial=text[0].isupper() and _INITIAL.fullmatch(text) is not None,
        is_first_name=is_first_name(plain) or all(map(is_first_name, parts)),
        is_surname=is_surname(plain) or (len(parts) > 1 and any(map(is_surname, parts)) and not is_all_common),
        is_common=is_common(plain) or is_all_common,
        is_eponym=plain in eponyms or all(part in eponyms for part in parts),
        is_particle=plain.rstrip("'’") in PARTICLES,
    )


def tokens(text: str) -> list[Token]:
    """The tokens of a text, in order."""
    lines = _lines_in_capitals(text)
    found: list[Token] = []
    last = 0
    for one in _TOKEN.finditer(text):
        gap = text[last : one.start()]
        word = one[0]
        if word[-1] == "." and len(word) == 2 and word[0].islower():
            word = word[0]
        is_first = not found or bool(re.search(r"[.!?:;•*\n]|^\s*-", gap))
        found.append(
            Token(one.start(), one.start() + len(word), word, gap, lines(one.start()), is_first, spelling(word))
        )
        last = one.start() + len(word)
    return found


def _lines_in_capitals(text: str) -> Callable[[int], bool]:
    """Whether the line of an offset is written in capitals."""
    starts, capitals, start = list[int](), list[bool](), 0
    for line in text.splitlines(keepends=True):
        written = [letter for letter in line if letter.isalpha()]
        words = re.findall(r"[^\W\d_]{3,}", line)
        many = sum(word.isupper() for word in words) >= 3 and not any(word.istitle() for word in words)
        starts.append(start)
        capitals.append(many and sum(map(str.isupper, written)) > _MOST_CAPITALS * len(written))
        start += len(line)
    return lambda place: capitals[bisect_right(starts, place) - 1] if starts else False
