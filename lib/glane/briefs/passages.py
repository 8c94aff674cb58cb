"""Passages that can be read by themselves: a quote, widened to the sentences that it stands in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from glane.reading.sense_words import FUNCTION_WORDS, NEGATIONS
from glane.task.fold import fold

_END = re.compile(r"[.!?…](?=\s)|\n")
_MARK = re.compile(r"\s*(?:[-*•–—]|\d{1,2}[.)]|[a-z]\))\s")  # of an item of a list
_ABBREVIATED = re.compile(
    r"(?:^|[\s(])(?:[MDP]r|Prof|M|Mme|Mlle|Mrs|Ms|Ste?|e\.g|i\.e|ex|cf|vs|env|approx|art|al|[A-ZÀ-Þ])\.$"
)
_LONGEST_ABBREVIATION = 10
_CONTINUED = frozenset(NEGATIONS.split()) | FUNCTION_WORDS
_WIDEST = 1000  # characters on each side


def widened(text: str, start: int, end: int) -> tuple[int, int]:
    """The place of the whole sentences that hold `text[start:end]`, without white space around them.

    A negation or a doubt at the beginning of a sentence is thus never cut from what it is about. A line that goes on in
    the next is no sentence, and an item of a list has the line above the list that ends in a colon. Of a sentence that
    is longer than can be looked at, the place is no whole one: widened again, it grows.
    """
    low, high = max(0, start - _WIDEST), min(len(text), end + _WIDEST)
    first = max((one for one in _ends(text, low, start) if one <= start), default=low)
    last = next(_ends(text, max(start, end - 1), high), high)
    inside = text[first:last]
    begin = first + len(inside) - len(inside.lstrip())
    return _heading(text, low, begin), last - len(inside) + len(inside.rstrip())


def _ends(text: str, low: int, high: int) -> Iterator[int]:
    """The places where sentences end."""
    for match in _END.finditer(text, low, high):
        before = text[max(0, match.end() - _LONGEST_ABBREVIATION) : match.end()]
        if text[match.start()] != "\n":
            if not _ABBREVIATED.search(before):
                yield match.end()
        elif _ends_line(text, match.start()):
            yield match.end()


def _ends_line(text: str, at: int) -> bool:
    """Whether a line is a sentence: the next is empty, an item or begins with a capital, and this one can end here."""
    before, after = text[max(0, at - _WIDEST) : at].rpartition("\n")[2].rstrip(), text[at + 1 : at + 1 + _WIDEST]
    following = after.partition("\n")[0]
    if not before or not following.strip() or _MARK.match(following) or before[-1] in ".!?…;":
        return not _ABBREVIATED.search(before)
    words = re.findall(r"\w+'?", fold(before))
    return before[-1] not in ",:" and following.lstrip()[0].isupper() and not (words and words[-1] in _CONTINUED)


def _heading(text: str, low: int, begin: int) -> int:
    """Where the line begins that stands above a list, if an item begins at a place; else the place."""
    if not _MARK.match(text, text.rfind("\n", 0, begin) + 1):
        return begin
    at = text.rfind("\n", low, begin)
    while at > low:
        above = text.rfind("\n", low, at)
        line = text[above + 1 : at]
        if line.rstrip().endswith(":"):
            return above + 1 + len(line) - len(line.lstrip())
        if line.strip() and not _MARK.match(line) and not line[0].isspace():
            return begin
        at = above
    return begin
