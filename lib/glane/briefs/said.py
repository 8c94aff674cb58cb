"""What a sentence says, as far as lists of words tell: numbers and what they count, names, times, status, negation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from glane.briefs.figures import Figure, amounts_in, figures_in, named, ones_in, plain_text
from glane.briefs.said_words import AMOUNT, CAUSE, FRAMES, OPENINGS, OPPOSITES, STATUS, TIMES, TREND, TREND_OF, TURNS
from glane.briefs.sentence_words import MONTHS
from glane.reading.sense import senses_in
from glane.reading.sense_words import NEGATIONS, SENSES
from glane.task.fold import fold

_DENIALS = frozenset(line.split()[0] for line in NEGATIONS.split("\n") if line) - {"contre", "peu"}
# Opposites; not what other checks compare: numbers, bounds, status, words of trend.
_TURNS = frozenset(line.split()[0] for line in SENSES.split("\n") if set(line.split()) & TURNS)
_MONTHS = {fold(name): at for names in MONTHS.values() for at, name in enumerate(names, 1)}
_MONTH = "|".join(sorted(map(re.escape, _MONTHS), key=len, reverse=True))
_DATE = re.compile(
    rf"\b(?P<year>\d{{4}})-(?P<number>\d\d)-(?P<day>\d\d)\b|\b(?P<day2>\d\d?)/(?P<number2>\d\d?)/(?P<year2>\d{{4}})\b"
    rf"|\b(?P<day3>\d\d?)(?: ?(?:er|st|nd|rd|th))?(?: of)? (?P<month>{_MONTH})\b(?:,? (?P<year3>\d{{4}})\b)?"
    rf"|\b(?P<month2>{_MONTH}) (?P<day4>\d\d?)(?: ?(?:st|nd|rd|th))?\b(?:,? (?P<year4>\d{{4}})\b)?"
    rf"|\b(?P<month3>{_MONTH})\b(?: (?P<year5>\d{{4}})\b)?"
)
_CLAUSE = re.compile(
    r"[,;:!?()]|\n(?=\s*(?:\n|[-*•–]\s|\d{1,2}[.)]\s))|(?<!\b[MDP]r)(?<!\bMme)(?<!\b[A-Z])(?<!\bcf)(?<!\be\.g)\.(?=\s|$)"
    r"|\b(?:dont|including|mais|but)\b"
)
_NAME = re.compile(r"(?<![\w'’-])[A-ZÀ-ÖØ-Þ][\w’'-]*")
_ELIDED = re.compile(r"(?:[LDNSCJMT]|Qu|Jusqu)['’](?=[^\W\dA-ZÀ-Þ])")
_NO_MORE_THAN = re.compile(r"\b(?:no|not) (?:more|fewer|less) than\b|\bpas (?:plus|moins) d[e'’]", re.IGNORECASE)
_SHORT_CLAUSE = 3  # words; an item of a list, which what stands before it governs


class Date(NamedTuple):
    """A day, month or year, as far as it is told."""

    year: int | None
    month: int
    day: int | None


class Said(NamedTuple):
    """What a sentence says."""

    figures: tuple[Figure, ...]
    ones: frozenset[str]  # units of which one is told by "one" or "a"
    amounts: frozenset[str]
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
        figures=tuple(figures_in(undated)), ones=ones_in(undated), amounts=amounts_in(plain), dates=dates,
        times=named(TIMES, plain), status=named(STATUS, plain), is_negated=denies(text),
        has_trend=bool(TREND.search(plain) or (TREND_OF.search(plain) and AMOUNT.search(plain))),
        has_cause=bool(CAUSE.search(plain)),
    )  # fmt: skip


def denies(text: str) -> bool:
    """Whether a text negates something."""
    return not _DENIALS.isdisjoint(senses_in(_NO_MORE_THAN.sub(" ", text)))


def turns_in(text: str) -> frozenset[str]:
    """The words of a text of which each has an opposite: left, positive, before, high. Those of names are none."""
    words = _NAME.sub(lambda match: " " if match.start() else match[0], text)
    return frozenset(senses_in(words)) & _TURNS | named(OPPOSITES, plain_text(words))


def names_in(sentence: str) -> Iterator[str]:
    """The capitalised words of a sentence, folded, without numbers and without a first one that names nothing."""
    for match in _NAME.finditer(sentence):
        is_first = not sentence[: match.start()].strip(" «\"'“")
        if not (is_first and _opens(match[0])) and not plain_text(match[0]).isdigit():
            yield fold(match[0])


def _opens(word: str) -> bool:
    """Whether a word may begin a sentence without naming anything."""
    parts = re.findall(r"\w+", fold(_ELIDED.sub("", word).replace("-", " ")))
    is_elided = bool(_ELIDED.match(word)) and word[-1:].islower()
    return is_elided or all(one in OPENINGS or one == "et" or plain_text(one).isdigit() for one in parts)


def frames_in(passage: str, values: frozenset[str] = frozenset()) -> frozenset[str]:
    """What makes a whole passage say less than its words: false, a rumour, a condition, a target, a plan.

    Args:
        passage: A text.
        values: Of the numbers that are told of it: what stands with other numbers is not about these. Empty: all is.
    """
    found = set[str]()
    for piece in pieces(passage):
        told = {one.value for one in said_in(piece).figures}
        if not values or not told or told & values:
            found |= named(FRAMES, plain_text(piece))
    return frozenset(found)


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


def _date(match: re.Match[str]) -> Date:
    told = {name: value for name, value in match.groupdict().items() if value is not None}
    year = next((int(value) for name, value in told.items() if name.startswith("year")), None)
    day = next((int(value) for name, value in told.items() if name.startswith("day")), None)
    number = next((int(value) for name, value in told.items() if name.startswith("number")), None)
    name = next((value for name, value in told.items() if name.startswith("month")), "")
    return Date(year, number if number is not None else _MONTHS[name], day)
