"""The numbers that a few words say, in digits or in words, and how a column must be compared with each to be that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from text_to_num import alpha2digit

from glane.briefs.asked import ANY, EQ, GE, GT, LE, LT, NOT, Asked

_NUMBER = r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d+(?:[.,]\d+)*"
_ALONE = re.compile(rf"(?<![\w.,])(?<![^\W\d_][-‑])(?:{_NUMBER})")  # none of H1N1, B12 and covid-19
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+")
_BEFORE: Mapping[str, Mapping[str, re.Pattern[str]]] = {
    "fr": {
        LT: re.compile(r"(?:\bmoins d[e']|\binférieure?s? à|<) *$", re.IGNORECASE),
        GT: re.compile(r"(?:\bplus d[e']|\bsupérieure?s? à|\bau-delà de|>) *$", re.IGNORECASE),
        GE: re.compile(r"(?:\bau moins|\bà partir de|\bdès|\bdepuis|≥) *$", re.IGNORECASE),
        LE: re.compile(r"(?:\bau plus|\bjusqu['’]à|≤|\d(?: \w+)? à|\d *[-–]) *$", re.IGNORECASE),
    },
    "en": {
        LT: re.compile(r"(?:\bunder|\bbelow|\b(?:less|fewer|younger) than|<) *$", re.IGNORECASE),
        GT: re.compile(r"(?:\bover|\babove|\b(?:more|older|greater) than|>) *$", re.IGNORECASE),
        GE: re.compile(r"(?:\bat least|\bfrom|≥) *$", re.IGNORECASE),
        LE: re.compile(r"(?:\bat most|\bup to|\bno more than|≤|\d(?: \w+)? to|\d *[-–]) *$", re.IGNORECASE),
    },
}
_AFTER: Mapping[str, Mapping[str, re.Pattern[str]]] = {
    "fr": {
        GE: re.compile(r"^ *(?:[\w°]+ *){0,2}(?:(?:ou|et) (?:plus|au-delà)|\+)|^ *(?:à|[-–]) *\d|^ \w+ à \d"),
        LE: re.compile(r"^ *(?:[\w°]+ *){0,2}(?:ou|et) moins"),
    },
    "en": {
        GE: re.compile(
            r"^ *(?:[\w°]+ *){0,2}(?:(?:or|and) (?:over|older|above|more)|\+)|^ *(?:to|[-–]) *\d|^ \w+ to \d"
        ),
        LE: re.compile(r"^ *(?:[\w°]+ *){0,2}(?:or|and) (?:under|younger|below|less|fewer)"),
    },
}


class Said(NamedTuple):
    """A number as it is written, its value, and the comparisons that mean what is said of it."""

    text: str
    value: float
    hows: frozenset[str]


def numbers_of(text: str, language: str) -> Iterator[Said]:
    """The numbers of a label. One alone may be equal, or an end that is counted in."""
    plain = alpha2digit(text, language)
    for match in _ALONE.finditer(plain):
        how = _how(plain[: match.start()], plain[match.end() :], language)
        hows = frozenset({EQ, GE, LE, ANY} if how is None else {how, ANY})
        yield Said(match[0], _value(match[0], language), hows)


def _how(before: str, after: str, language: str) -> str | None:
    for table, part in ((_BEFORE, before), (_AFTER, after)):
        for how, pattern in table[language].items():
            if pattern.search(part):
                return how
    return None


def _value(text: str, language: str) -> float:
    plain = re.sub(r"[ \u00a0\u202f]", "", text)
    if language == "en" and _THOUSANDS.fullmatch(plain):
        return float(plain.replace(",", ""))
    whole, *parts = re.split("[.,]", plain)
    return float(f"{whole}.{''.join(parts) or 0}")


def texts_with_numbers(asked: Sequence[Asked]) -> Iterator[Asked]:
    """The numbers in texts that a condition names: a code, '35', is that; a class, '65-74', may be said otherwise."""
    for how, value in asked:
        if isinstance(value, str) and how != NOT:
            is_code = value.strip().isdecimal()
            yield from (
                Asked(how if is_code else ANY, _value(one, "en")) for one in re.findall(r"\d+(?:\.\d+)?", value)
            )
