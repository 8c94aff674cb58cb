"""What repeats a name that was found or is known: in any case, with a letter wrong, in an electronic address."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from rapidfuzz.distance import OSA

from glane.pseudonyms.tokens import Token
from glane.pseudonyms.words import is_common, letters, names_a_disease

_LEAST_FUZZY, _LONG = 5, 9  # letters of a name that is found misspelt, and of one with two faults
_SIGNS = ("@", "aroba", "arroba", *(f"{opened}{blank}at" for opened in "[({<" for blank in ("", " ")))
_MAIL = re.compile(
    r"(?<![\w.+-])(?P<local>[\w.+-]{3,64}) ?(?:@|[\[({<] ?(?:at|arr?obase) ?[\])}>]|arr?obase\b)", re.IGNORECASE
)


def repeat(words: Sequence[Token], plain: str, marked: list[bool], known: set[str]) -> None:
    """Mark what repeats a name that was found, or that is known of the row: whatever its case and accents."""
    found = {token.word.letters for token, is_name in zip(words, marked) if is_name}
    found |= {letters(part) for token, is_name in zip(words, marked) if is_name for part in token.word.parts}
    found = {name for name in found if len(name) > 2} | known
    for place, token in enumerate(words):
        if marked[place] or not (token.word.letters in found or any(part in found for part in token.word.parts)):
            continue
        if token.word.is_particle and token.word.letters not in known:
            continue
        if is_eponym(token, plain) and token.word.letters not in known:
            continue
        if token.word.is_common and not _is_beside(words, place, marked):
            continue
        marked[place] = True


def _is_beside(words: Sequence[Token], place: int, marked: Sequence[bool]) -> bool:
    """Whether an ordinary word is spelled as a name here: with a capital within a sentence, or beside a name."""
    token = words[place]
    if not token.word.is_capital:
        return False
    beside = (place and marked[place - 1] and token.gap in (" ", "\t", ", ")) or (
        place + 1 < len(words) and marked[place + 1] and words[place + 1].gap in (" ", "\t", ", ")
    )
    is_strong = not token.in_capitals and (token.word.is_upper or not token.is_first) and not is_common_heading(token)
    return bool(beside) or is_strong


def is_common_heading(token: Token) -> bool:
    """Whether a word in capitals may be an abbreviation or a heading."""
    return token.word.is_upper and len(token.text) < 4 and is_common(token.word.plain)


def is_eponym(token: Token, plain: str) -> bool:
    """Whether it names a disease or a sign here."""
    return token.word.is_eponym or names_a_disease(plain, token.start)


def misspelt(words: Sequence[Token], known: Collection[str]) -> set[str]:
    """The words that are a known name with a letter wrong, lacking, doubled or in another place; two in long names.

    Ordinary words, other names of the lists and diseases are none.
    """
    names = [name for name in known if len(name) >= _LEAST_FUZZY and name.isalpha()]
    found = set()
    for token in words if names else ():
        word = token.word
        if len(word.letters) < _LEAST_FUZZY - 1 or word.is_common or word.is_eponym:
            continue
        if word.is_first_name or word.is_surname:
            continue
        if any(OSA.distance(word.letters, name, score_cutoff=_most_wrong(name)) <= _most_wrong(name) for name in names):
            found.add(word.letters)
    return found


def _most_wrong(name: str) -> int:
    return 2 if len(name) >= _LONG else 1


def names_in_addresses(plain: str) -> set[str]:
    """The parts of electronic addresses that may be names: "yann.kervella@…" tells two."""
    if not any(sign in plain for sign in _SIGNS):
        return set()
    found = {part for one in _MAIL.finditer(plain) for part in re.split(r"[._+-]+", one["local"])}
    return {letters(part) for part in found if len(part) > 2 and part.isalpha() and not is_common(part)}
