"""Passages that can be read by themselves: a quote, widened to the sentences that it stands in."""

from __future__ import annotations

import re

_END = re.compile(r"[.!?…](?=\s)|\n")
_WIDEST = 400  # characters on each side


def widened(text: str, start: int, end: int) -> tuple[int, int]:
    """The place of the whole sentences that hold `text[start:end]`, without white space around them.

    A negation or a doubt at the beginning of a sentence is thus never cut from what it is about. A line is a sentence.
    """
    low = max(0, start - _WIDEST)
    ends = [match.end() for match in _END.finditer(text, low, start)]
    first = ends[-1] if ends else low
    after = _END.search(text, max(start, end - 1), min(len(text), end + _WIDEST))
    last = min(len(text), end + _WIDEST) if after is None else after.end()
    inside = text[first:last]
    return first + len(inside) - len(inside.lstrip()), last - len(inside) + len(inside.rstrip())
