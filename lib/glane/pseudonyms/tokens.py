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
_LEAST_CAPITALS = 3  # words in capitals of such a line
_LEAST_LINE = 5  # words of a line by which it is judged to have no capitals, in a text that has some
_MOST_LOOKED_AT = 2000  # code points of a text that are looked at for that
_TITLE_CASE = re.compile(r"(?<![^\W_])[A-ZÀ-Ý][a-zà-ÿ]{2}")
_ENDS = re.compile(r"[.!?:;•*\n]|^\s*-")  # a sentence
_LONG_WORD = re.compile(r"[^\W\d_]{3,}")


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
    in_lower: bool  # its line has no capital: they tell nothing there, either
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
    of_line = _cases(text)
    found: list[Token] = []
    last = 0
    for one in _TOKEN.finditer(text):
        gap = text[last : one.start()]
        word = one[0]
        if word[-1] == "." and len(word) == 2 and word[0].islower():
            word = word[0]
        is_first = not found or (gap != " " and _ENDS.search(gap) is not None)
        found.append(
            Token(one.start(), one.start() + len(word), word, gap, *of_line(one.start()), is_first, spelling(word))
        )
        last = one.start() + len(word)
    return found


def _cases(text: str) -> Callable[[int], tuple[bool, bool]]:
    """Whether the line of an offset is written in capitals, and whether it has none at all."""
    starts, cases, start = list[int](), list[tuple[bool, bool]](), 0
    least = _LEAST_LINE if any(map(_has_capital, text[:_MOST_LOOKED_AT].split())) else 1
    for line in text.splitlines(keepends=True):
        starts.append(start)
        is_mixed = _TITLE_CASE.search(line) is not None  # most lines: they are looked at no further
        cases.append((not is_mixed and _is_in_capitals(line), not is_mixed and _is_lower(line, least)))
        start += len(line)
    return lambda place: cases[bisect_right(starts, place) - 1] if starts else (False, False)


def _is_in_capitals(line: str) -> bool:
    words = _LONG_WORD.findall(line)
    if sum(map(str.isupper, words)) < _LEAST_CAPITALS or any(map(str.istitle, words)):
        return False
    written = [letter for letter in line if letter.isalpha()]
    return sum(map(str.isupper, written)) > _MOST_CAPITALS * len(written)


def _is_lower(line: str, least: int) -> bool:
    words = line.split()
    return len(words) >= least and not any(map(_has_capital, words))


def _has_capital(word: str) -> bool:
    """Whether it is a word with a capital: an initial, or what has digits, is none."""
    return sum(map(str.isalpha, word)) > 1 and word.lower() != word and not any(map(str.isdigit, word))
