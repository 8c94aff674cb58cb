"""A message that was put together in English, in another language.

Messages are written as f-strings where they arise, go through logs and between processes as English text, and become
another language where a person reads them. A message is one template, whose filled-in parts may be messages themselves,
or several templates one after the other. What no template tells stays as it is: names, paths and values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from glane.languages.catalogue import Template

_LEAST_LETTERS = 3  # of a template's own, for it to be looked for in a filled-in part
_DEEPEST = 8  # messages within messages
_LONGEST = 20_000  # characters of a text that is put into other words in one piece
_BETWEEN = re.compile(r"\n+|(?<=[.!?:;,])\s+|\s+(?=[(…])|\s*(?<=\s)—\s|\s{2,}|(?<=\()|(?=\)[\s,.;:]|\)$)")


class Translator:
    """Puts texts into another language by a table of templates."""

    def __init__(self, templates: Iterable[Template]) -> None:
        self._whole: dict[str, Template] = {}
        self._open: dict[str, list[Template]] = {}
        for one in templates:
            if one.places:
                self._open.setdefault(one.anchor, []).append(one)
            else:
                self._whole[one.english] = one
        self._known: dict[str, tuple[str, int]] = {}  # of the text at hand: its parts are looked at again and again

    def __call__(self, text: str) -> str:
        """The text in the other language, as far as the table goes."""
        if len(text) > _LONGEST:
            return "\n".join(map(self, text.split("\n")))
        self._known = {}
        return self._text(text, _DEEPEST)[0]

    def _text(self, text: str, depth: int) -> tuple[str, int]:
        """The text, and how many of its letters templates told."""
        core = text.strip()
        if not core or depth == 0:
            return text, 0
        if core not in self._known:
            one = self._as_one(core, depth)
            self._known[core] = one if one[1] else self._in_pieces(core, depth)
        said, weight = self._known[core]
        return text[: text.index(core[0])] + said + text[len(text.rstrip()) :], weight

    def _as_one(self, text: str, depth: int) -> tuple[str, int]:
        """A text that is a template as a whole: the reading that leaves the fewest letters to no template."""
        if text in self._whole:
            return self._whole[text].other, self._whole[text].weight
        found: list[tuple[str, int]] = []
        for template in self._candidates(text):
            if match := template.pattern.fullmatch(text):
                told = [self._text(part, depth - 1) for part in match.groups()]
                said = template.filled(dict(zip(template.places, [part for part, _ in told], strict=True)))
                found.append((said, template.weight + sum(weight for _, weight in told)))
        return max(found, key=lambda one: one[1], default=(text, 0))

    def _candidates(self, text: str) -> list[Template]:
        return [
            one
            for anchor, several in self._open.items()
            if anchor in text
            for one in several
            if one.weight >= _LEAST_LETTERS
        ]

    def _in_pieces(self, text: str, depth: int) -> tuple[str, int]:
        """A text of several messages: at each place where one may end, the longest that is a template."""
        cuts = [(found.start(), found.end()) for found in _BETWEEN.finditer(text)]
        if not cuts:
            return text, 0
        begins = [0, *(end for _, end in cuts)]
        ends = [*(start for start, _ in cuts), len(text)]
        said, total, piece = [], 0, 0
        while piece < len(begins):
            last, told, weight = self._longest(text, begins, ends, piece, depth)
            said.append(told)
            total += weight
            if last + 1 < len(begins):
                said.append(text[ends[last] : begins[last + 1]])
            piece = last + 1
        return "".join(said), total

    def _longest(
        self, text: str, begins: Sequence[int], ends: Sequence[int], first: int, depth: int
    ) -> tuple[int, str, int]:
        for last in range(min(len(begins) - 1, first + 12), first - 1, -1):
            if (first, last) == (0, len(begins) - 1):
                continue  # the whole was tried
            piece = text[begins[first] : ends[last]]
            told, weight = self._as_one(piece, depth - 1)
            if weight:
                return last, told, weight
        return first, text[begins[first] : ends[first]], 0
