"""Where the messages in a text may begin and end, by the signs in it and by the first and last words of templates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

from glane.languages.catalogue import Template
from glane.languages.values import COMMAND, openings, paths

_MOST_CUTS = 40  # within one message among several, unless it is of whole sentences or clauses
_MOST_CLAUSES = 100  # ends of sentences or clauses within one message among several
_CUT = re.compile(
    r"\n\s*|\s{2,}|\s(?=[(…\[—])|(?<!\s)[.,;:!?](?=\s|$)|(?<=[.,;:!?)\]…—>])\s+|(?<=[(\[])|(?=[)\]])|\s(?=->)"
)
_SIGNS = ".;:!?"  # with which a sentence or a clause ends, and an item of a list does not
_WIDEST = 12  # of the blanks after a label
_BEFORE = re.compile(rf"(?:^|[{_SIGNS}]\s*|\s{{2,}}|\n)$")
_AFTER = re.compile(rf"[{_SIGNS}]|.(?:[{_SIGNS}]|\s{{2,}}|$)", re.DOTALL)


class Cuts:
    """The places of a text where one message may end and another begin, and the parts that may be one."""

    def __init__(self, text: str, templates: Iterable[Template]) -> None:
        self._text = text
        values = [found.span() for found in COMMAND.finditer(text)]
        values += [(start, _end_of_path(text, end)) for start, end in [*paths(text), *openings(text)]]
        found_at = {end for found in _CUT.finditer(text) for end in found.span()}
        self.places = sorted({0, len(text), *(at for at in found_at if not is_within(at, values))})
        self._templates = [_Found(one, text) for one in templates if one.anchor in text]

    def ends(self, first: int) -> Iterator[int]:
        """The numbers of the places where a message from place `first` on may end, the farthest first.

        A list within a message has as many cuts as it has items: beyond some, only ends of sentences and clauses count.
        """
        start = self.places[first]
        begun = [(one, least) for one in self._templates if (least := one.least_end(start)) is not None]
        if not begun:
            return
        farthest = min(len(self.places) - 1, first + _MOST_CUTS)
        far = [last for last in self._clauses if last > farthest] if self._begin_clauses[first] else []
        for last in (*reversed(far[:_MOST_CLAUSES]), *range(farthest, first, -1)):
            end = self.places[last]
            if any(least <= end and one.ends_at(end) for one, least in begun):
                yield last

    @cached_property
    def _begin_clauses(self) -> list[bool]:
        """For each place, whether what stands before it ends a sentence, a clause or a label."""
        return [_BEFORE.search(self._text, max(0, at - _WIDEST), at) is not None for at in self.places]

    @cached_property
    def _clauses(self) -> list[int]:
        """The numbers of the places where a sentence or a clause ends, without its sign or with it."""
        return [number for number, at in enumerate(self.places) if _AFTER.match(self._text, max(0, at - 1))]


class _Found:
    """A template whose longest words are in a text."""

    def __init__(self, template: Template, text: str) -> None:
        self._first, self._last, self._anchor = template.literals[0], template.literals[-1], template.anchor
        self._text = text

    def least_end(self, start: int) -> int | None:
        """Where a message of this template ends at the least that begins at a place; None if none begins there."""
        if not self._text.startswith(self._first, start):
            return None
        at = self._text.find(self._anchor, start)
        return None if at < 0 else at + len(self._anchor)

    def ends_at(self, end: int) -> bool:
        """Whether a message of this template may end at a place."""
        return self._text.endswith(self._last, 0, end)


def is_within(at: int, spans: Iterable[tuple[int, int]]) -> bool:
    """Whether a place is within one of the spans, not at their ends."""
    return any(start < at < end for start, end in spans)


def _end_of_path(text: str, at: int) -> int:
    """How far the last part of a path may go that has blanks: to wide blanks, a colon, or the end of the sentence."""
    ends = [end for sign in ("  ", ": ", ". ") if (end := text.find(sign, at)) >= 0]
    return min(ends, default=len(text))
