"""The names, days and places of a sentence: whether its passage tells them, and of the number that they stand with."""

from __future__ import annotations

import datetime
import re
from functools import cache

from glane.briefs.figures import plain_text
from glane.briefs.record import Quote
from glane.briefs.said import Date, Said, names_in, said_in
from glane.briefs.said_words import OPENINGS, RELATIVE
from glane.surveillance.places import names
from glane.task.fold import fold

_OWN_PLACE = re.compile(
    r"\b(?:à|À|en|En|au|Au|aux|dans l[ea']|in|In|at|At|near|from|(?:transf\w+|ven\w+|retour|originaires?|près) d[e'’])"
    r" ?[A-ZÀ-ÖØ-Þ][\w’'-]{2,}"
)
# Departments and regions whose names are words, too.
_WORDS = frozenset(
    {"nord", "somme", "manche", "creuse", "aube", "cher", "allier", "lot", "ain", "var", "orne", "centre"}
)
_PART = re.compile(r"[,;:()]|\b(?:et|and|dont|including|mais|but)\b")


def tells_days(claim: Said, quote: Quote) -> bool:
    """Whether the days and times of a sentence are those of a passage; of its document where the passage has none."""
    said = said_in(quote.text)
    is_dated = bool(said.times) or any(one.month for one in said.dates) or bool(RELATIVE.search(plain_text(quote.text)))
    day = None if is_dated else quote.day
    return claim.times <= said.times and all(_is_told(one, said.dates, day) for one in claim.dates)


def tells_names(sentence: str, quote: Quote) -> bool:
    """Whether all names of a sentence stand in its passage; or are its document's place, where the passage has none."""
    place = "" if _OWN_PLACE.search(quote.text) else quote.place or ""
    told = f"{plain_text(quote.text)} {fold(quote.text)} {fold(place)}"
    words = set(re.findall(r"[\w'’-]+", told)) | set(re.findall(r"\w+", told))
    dated = {fold(word) for word in re.findall(r"\w+", sentence) if said_in(word).dates or said_in(word).times}
    return _known_places(sentence) <= _known_places(told) and all(
        name in words or name.rstrip("s") in words or name in dated
        or all(part in words or part in OPENINGS for part in re.findall(r"\w+", name))
        for name in names_in(sentence)
    )  # fmt: skip


def stands_with(sentence: str, claim: Said, clause: str) -> bool:
    """Whether no name of a sentence is that of another number: of "12 in Brest, 5 in Quimper", 12 is not of Quimper."""
    values, named = {one.value for one in claim.figures}, frozenset(names_in(sentence))
    own, others = set[str](), set[str]()
    for part in _PART.split(clause):
        if figures := {one.value for one in said_in(part).figures}:
            (own if figures & values else others).update(_names(part))
        else:
            named -= _names(part)
    return not (values and own - named and (named & others) - own)


def _names(part: str) -> frozenset[str]:
    return frozenset(names_in(f"x {part}"))  # a part does not begin a sentence


def _is_told(date: Date, dates: tuple[Date, ...], day: datetime.date | None) -> bool:
    known = [*dates, *([] if day is None else [Date(day.year, day.month, day.day)])]
    return any(
        date.month == one.month and date.day in (None, one.day) and date.year in (None, one.year) for one in known
    )


def _known_places(text: str) -> frozenset[str]:
    """The French departments and regions that a text names, in capitals or not; the longest of several."""
    return frozenset(_place_pattern().findall(fold(text)))


@cache
def _place_pattern() -> re.Pattern[str]:
    found = {fold(name) for level in ("department", "region") for name in names(level).values()} - _WORDS
    return re.compile(rf"(?<!\w)(?:{'|'.join(sorted(map(re.escape, found), key=len, reverse=True))})(?!\w)")
