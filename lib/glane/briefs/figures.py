"""The numbers of a sentence: what each counts, its bound, and what is said of it; and amounts that are no number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from text_to_num import alpha2digit

from glane.briefs.number_words import (
    AMOUNTS,
    BOUNDS_AFTER,
    BOUNDS_BEFORE,
    COUNTED,
    DOZENS,
    GROUPS,
    OUTCOMES,
    PERSONS,
    SUBJECTS,
    UNITS,
)
from glane.briefs.said_words import STATUS
from glane.reading.sense_words import FUNCTION_WORDS
from glane.task.fold import fold

_NUMBER = re.compile(
    r"(?:(?<=\s)|(?<=\()|^)-(?=\d)\d+(?:[.,]\d+)?|(?<![\w.,])(?:\d{1,3}(?:[ .,']\d{3})+(?!\d)|\d+(?:[.,]\d+)?)"
)
_TOKEN = re.compile(r"[^\W\d_][\w'’-]*|[%€$£]|°c?")
BREAK = re.compile(r"[,;:.!?()](?!\d)|\b(?:dont|including|et|and|mais|but|among whom|parmi lesquels)\b")
"""What stands between the parts of a folded clause that each have their numbers."""
_RANGE = re.compile(r" ?(?:et|and|a|to|-) ?")
_RANGE_BEFORE = re.compile(r"\b(?:entre|between|de|from|d') ?$")
_JOINED = re.compile(r"(?<=\d)(?=[^\W\d_€$£])")
_ONE = re.compile(
    r"\b(?:une?|one|an?|single|seule?)(?: (?!des\b|of\b)[a-z'-]+)? "
    rf"(?=(?:{'|'.join(UNITS[name].pattern for name in sorted(COUNTED))})(?!\w))"
)
_TIMES = re.compile(r"(?<![\d.,])(\d+(?:\.\d+)?) (1000(?:000)*)(?!\d)")
_ALSO = re.compile(r"^[^,;:.()]*\b(?:et|and) $")
_SHORTEST_NOUN = 4
_AFTER, _BEFORE = 5, 4  # words around a number, in which what it counts is looked for


class Figure(NamedTuple):
    """A number, what it counts, and what is said of that."""

    value: str
    units: frozenset[str]
    status: frozenset[str]
    bound: str  # "at least", "at most", "about", an end of a range, or empty


def plain_text(text: str) -> str:
    """A text folded, with numbers in digits."""
    told = text.encode(errors="replace").decode()
    for language in ("fr", "en"):
        told = alpha2digit(told, language, threshold=2)
    plain = _JOINED.sub(" ", fold(told))  # folding writes "12 cas" as "12cas"
    for pattern, number in DOZENS:
        plain = pattern.sub(number, plain)
    return _TIMES.sub(lambda match: f"{float(match[1]) * int(match[2]):.0f}", plain)


def figures_in(plain: str) -> list[Figure]:
    """The numbers of a text as `plain_text` gives it."""
    matches = list(_NUMBER.finditer(plain))
    found: list[Figure] = []
    for at in reversed(range(len(matches))):
        match = matches[at]
        before = plain[matches[at - 1].end() if at else 0 : match.start()]
        after = plain[match.end() : matches[at + 1].start() if at + 1 < len(matches) else len(plain)]
        window = BREAK.split(after, maxsplit=1)[0]
        units = _counted(before, window)
        if found and _ALSO.search(after) and units & SUBJECTS and found[0].units & SUBJECTS:
            units |= found[0].units & OUTCOMES  # of "six men and two women died", both died
        near = f"{BREAK.split(before)[-1]} {match[0]} {window}"
        bound = _bound(before, window) or _end_of_range(plain, matches, at)
        value = _value(match[0], is_count=bool(units & COUNTED))
        found.insert(0, Figure(value, units, named(STATUS, near), bound))
    return found


def _counted(before: str, after: str) -> frozenset[str]:
    """What a number counts: the words after it, and those before it where no noun follows."""
    words = _TOKEN.findall(after)[:_AFTER]
    if units := units_of(words):
        return units
    is_noun = words and len(words[0]) >= _SHORTEST_NOUN and words[0] not in FUNCTION_WORDS
    return frozenset() if is_noun and not named(STATUS, words[0]) else units_of(_TOKEN.findall(before)[-_BEFORE:])


def units_in(text: str) -> frozenset[str]:
    """What a text counts or speaks of, among what is known."""
    return units_of(_TOKEN.findall(plain_text(text)))


def units_of(words: list[str]) -> frozenset[str]:
    """The units that are among words; children are persons, too."""
    found = {name for name, pattern in UNITS.items() if any(pattern.fullmatch(word) for word in words)}
    return frozenset(found | ({PERSONS} if found & GROUPS else set()))


def amounts_in(plain: str) -> frozenset[str]:
    """The amounts of a text that are no number: half of them, most, hundreds."""
    return frozenset(
        f"{match[match.lastindex]}{name}" if match.lastindex else name
        for name, pattern in AMOUNTS.items()
        for match in pattern.finditer(plain)
    )


def ones_in(plain: str) -> frozenset[str]:
    """What a text counts by "one" or "a"."""
    return frozenset().union(*(units_of(_TOKEN.findall(plain[match.end() :])[:1]) for match in _ONE.finditer(plain)))


def named(table: Mapping[str, re.Pattern[str]], plain: str) -> frozenset[str]:
    """The names of a table whose words stand in a text."""
    return frozenset(name for name, pattern in table.items() if pattern.search(plain))


def _bound(before: str, after: str) -> str:
    found = (name for name, pattern in BOUNDS_BEFORE.items() if pattern.search(before))
    return next(found, "") or next((name for name, pattern in BOUNDS_AFTER.items() if pattern.match(after)), "")


def _end_of_range(plain: str, matches: list[re.Match[str]], at: int) -> str:
    """Whether a number is the first or last of "between 15 and 20"."""

    def joins(first: int) -> bool:
        if not 0 <= first < len(matches) - 1:
            return False
        between = plain[matches[first].end() : matches[first + 1].start()]
        opened = _RANGE_BEFORE.search(plain[: matches[first].start()])
        return bool(_RANGE.fullmatch(between)) and (bool(opened) or between.strip() in ("-", "a", "to"))

    return "first of a range" if joins(at) else "last of a range" if joins(at - 1) else ""


def _value(text: str, *, is_count: bool) -> str:
    """A number in one spelling: without marks of thousands, with a point. "1.250" is a thousand where it counts."""
    plain = re.sub(r"[ \u00a0\u202f']", "", text)
    several = re.fullmatch(r"[1-9]\d{0,2}(?:[.,]\d{3}){2,}", plain)
    if several or (is_count and re.fullmatch(r"[1-9]\d{0,2}[.,]\d{3}", plain)) or plain.endswith((".000", ",000")):
        return re.sub(r"[.,]", "", plain)
    sign, whole, _, part = plain.startswith("-"), *plain.lstrip("-").replace(",", ".").partition(".")
    told = part.rstrip("0")
    return ("-" if sign else "") + (whole.lstrip("0") or "0") + (f".{told}" if told else "")
