"""What a sentence says, as far as lists of words tell: numbers and what they count, names, times, status, negation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from text_to_num import alpha2digit

from glane.briefs.said_words import AMOUNT, CAUSE, OPENINGS, STATUS, TIMES, TREND, TREND_OF, UNITS
from glane.briefs.sentence_words import MONTHS
from glane.reading.sense import senses_in
from glane.reading.sense_words import NEGATIONS
from glane.task.fold import fold

_DENIALS = frozenset(line.split()[0] for line in NEGATIONS.split("\n") if line) - {"contre", "peu"}
_MONTHS = {fold(name): at for names in MONTHS.values() for at, name in enumerate(names, 1)}
_MONTH = "|".join(sorted(map(re.escape, _MONTHS), key=len, reverse=True))
_DATE = re.compile(
    rf"\b(?P<year>\d{{4}})-(?P<number>\d\d)-(?P<day>\d\d)\b|\b(?P<day2>\d\d?)/(?P<number2>\d\d?)/(?P<year2>\d{{4}})\b"
    rf"|\b(?P<day3>\d\d?)(?: ?(?:er|st|nd|rd|th))?(?: of)? (?P<month>{_MONTH})\b(?:,? (?P<year3>\d{{4}})\b)?"
    rf"|\b(?P<month2>{_MONTH}) (?P<day4>\d\d?)(?: ?(?:st|nd|rd|th))?\b(?:,? (?P<year4>\d{{4}})\b)?"
    rf"|\b(?P<month3>{_MONTH})\b(?: (?P<year5>\d{{4}})\b)?"
)
_NUMBER = re.compile(r"(?<![\w.,])(?:\d{1,3}(?:[ .,']\d{3})+(?!\d)|\d+(?:[.,]\d+)?)")
_TOKEN = re.compile(r"[^\W\d_][\w'’-]*|%|°c?")
_BREAK = re.compile(r"[,;:.!?()\n]|\b(?:dont|including|et|and|mais|but|among whom|parmi lesquels)\b")
_CLAUSE = re.compile(r"[,;:!?()\n]|\.(?=\s|$)|\b(?:dont|including|mais|but)\b")
_NAME = re.compile(r"(?<![\w'’-])[A-ZÀ-ÖØ-Þ][\w’'-]*")
_JOINED = re.compile(r"(?<=\d)(?=[^\W\d_])")
_AFTER, _BEFORE = 5, 4  # words around a number, in which what it counts is looked for
_SHORT_CLAUSE = 3  # words; an item of a list, which what stands before it governs


class Figure(NamedTuple):
    """A number, what it counts, and what is said of that."""

    value: str
    units: frozenset[str]
    status: frozenset[str]


class Date(NamedTuple):
    """A day, month or year, as far as it is told."""

    year: int | None
    month: int
    day: int | None


class Said(NamedTuple):
    """What a sentence says."""

    figures: tuple[Figure, ...]
    dates: tuple[Date, ...]
    times: frozenset[str]
    status: frozenset[str]
    is_negated: bool
    has_trend: bool
    has_cause: bool


@lru_cache(maxsize=4096)
def said_in(text: str) -> Said:
    """What a text says."""
    plain = plain_text(text)
    dates = tuple(_date(match) for match in _DATE.finditer(plain))
    undated = _DATE.sub(lambda match: " " * len(match[0]), plain)
    return Said(
        figures=tuple(_figures(undated)), dates=dates,
        times=_named(TIMES, plain), status=_named(STATUS, plain), is_negated=denies(text),
        has_trend=bool(TREND.search(plain) or (TREND_OF.search(plain) and AMOUNT.search(plain))),
        has_cause=bool(CAUSE.search(plain)),
    )  # fmt: skip


def plain_text(text: str) -> str:
    """A text folded, with numbers in digits."""
    told = text.encode(errors="replace").decode()
    for language in ("fr", "en"):
        told = alpha2digit(told, language)
    return _JOINED.sub(" ", fold(told))  # folding writes "12 cas" as "12cas"


def denies(text: str) -> bool:
    """Whether a text negates something."""
    return not _DENIALS.isdisjoint(senses_in(text))


def names_in(sentence: str) -> Iterator[tuple[str, bool]]:
    """The capitalised words of a sentence, folded, and whether each begins it."""
    for match in _NAME.finditer(sentence):
        yield fold(match[0]), not sentence[: match.start()].strip(" «\"'“")


def opens(name: str) -> bool:
    """Whether a word may begin a sentence without naming anything."""
    return name in OPENINGS or plain_text(name).isdigit()


def clause_around(text: str, start: int, end: int) -> str:
    """The clause of a text that holds a place; of a short one in a list, what stands before it, too."""
    marks = [(match.start(), match.end()) for match in _CLAUSE.finditer(text)]
    first = max((after for _, after in marks if after <= start), default=0)
    last = min((at for at, _ in marks if at >= end), default=len(text))
    found = text[first:last]
    if first and len(found.split()) <= _SHORT_CLAUSE:
        return text[:last]
    return found


def pieces(clause: str) -> list[str]:
    """The parts of a clause between commas and the like."""
    return [one for one in _CLAUSE.split(clause) if one.strip()]


def units_in(text: str) -> frozenset[str]:
    """What a text counts or speaks of, among what is known."""
    return _units(_TOKEN.findall(plain_text(text)))


def _figures(plain: str) -> Iterator[Figure]:
    matches = list(_NUMBER.finditer(plain))
    for at, match in enumerate(matches):
        before = plain[matches[at - 1].end() if at else 0 : match.start()]
        after = plain[match.end() : matches[at + 1].start() if at + 1 < len(matches) else len(plain)]
        window = _BREAK.split(after, maxsplit=1)[0]
        words = _TOKEN.findall(window)[:_AFTER]
        units = _units(words)
        if not units:
            units = _units(_TOKEN.findall(before)[-_BEFORE:])
        yield Figure(_value(match[0]), units, _named(STATUS, f"{_BREAK.split(before)[-1]} {match[0]} {window}"))


def _units(words: list[str]) -> frozenset[str]:
    return frozenset(name for name, pattern in UNITS.items() if any(pattern.fullmatch(word) for word in words))


def _value(text: str) -> str:
    """A number in one spelling: without marks of thousands, with a point."""
    plain = re.sub(r"[ \u00a0\u202f']", "", text)
    if re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", plain):
        return re.sub(r"[.,]", "", plain)
    whole, _, part = plain.replace(",", ".").partition(".")
    told = part.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{told}" if told else "")


def _date(match: re.Match[str]) -> Date:
    told = {name: value for name, value in match.groupdict().items() if value is not None}
    year = next((int(value) for name, value in told.items() if name.startswith("year")), None)
    day = next((int(value) for name, value in told.items() if name.startswith("day")), None)
    number = next((int(value) for name, value in told.items() if name.startswith("number")), None)
    name = next((value for name, value in told.items() if name.startswith("month")), "")
    return Date(year, number if number is not None else _MONTHS[name], day)


def _named(table: Mapping[str, re.Pattern[str]], plain: str) -> frozenset[str]:
    return frozenset(name for name, pattern in table.items() if pattern.search(plain))
