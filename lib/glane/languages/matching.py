"""A message that was put together in English, in another language.

Messages are written as f-strings where they arise, go through logs and between processes as English text, and become
another language where a person reads them. A message is one template, whose filled-in parts may be messages themselves,
or several templates one after the other. Of all such readings, that counts which leaves the fewest letters to no
template. What no template tells stays as it is: names, paths and values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from glane.languages.catalogue import Template

_LEAST_LETTERS = 2  # of a template's own, for it to be looked for
_FEW_LETTERS = 5  # a template of fewer tells of values; words around so few letters are another sentence's
_WORDS = re.compile(r"[A-Za-z]{2}.*\s.*[A-Za-z]{2}", re.DOTALL)
_OF_A_KEY = re.compile(r"[.=]\w|:")  # a word before it is no message
_DEEPEST = 6  # messages within messages
_LEAST_WORDS = 2  # of a message without places among others: a single word may be part of a name or of a sentence
_NAMES = ("Valid: ", "Did you mean ")  # what follows is to be typed as it stands
_LABEL = re.compile(r"\S {2,}$")  # what follows in one word is a path or a name
_WIDEST = 12  # of a label's blanks
_REST = re.compile(r"(?:, and \d+ more|\(none\))?$")
_QUOTED = re.compile(r"(?<!\w)'[^'\n]*'(?!\w)")
_CUT = re.compile(
    r"\n\s*|\s{2,}|\s(?=[(…\[—])|(?<!\s)[.,;:!?](?=\s|$)|(?<=[.,;:!?)\]…—>])\s+|(?<=[(\[])|(?=[)\]])|\s(?=->)"
)

Reading = tuple[int, str]  # how many letters templates told, and the text


class Translator:
    """Puts texts into another language by a table of templates."""

    def __init__(self, templates: Iterable[Template], *, signs: Mapping[str, str] | None = None) -> None:
        """`signs` are those between messages that the language writes in another way."""
        self._signs = signs or {}
        self._whole: dict[str, Template] = {}
        self._open: list[Template] = []
        for one in templates:
            if one.places and one.weight >= _LEAST_LETTERS:
                self._open.append(one)
            elif not one.places:
                self._whole[one.english] = one

    def __call__(self, text: str) -> str:
        """The text in the other language, as far as the table goes."""
        if "\n" in text and text.strip() not in self._whole and not any(one.has_lines_of(text) for one in self._open):
            return "\n".join(map(self, text.split("\n")))
        return _Message(self._whole, [one for one in self._open if one.anchor in text], self._signs).read(text)[1]


class _Message:
    """One text: its parts are looked at again and again, and what was found of each is kept."""

    def __init__(self, whole: Mapping[str, Template], may_be: list[Template], signs: Mapping[str, str]) -> None:
        self._whole, self._may_be, self._signs = whole, may_be, signs
        self._known: dict[str, Reading] = {}

    def read(self, text: str, depth: int = _DEEPEST) -> Reading:
        """The best reading of a text."""
        if text not in self._known:
            core = text.strip()
            best = (0, text)
            if core and depth:
                start = text.index(core[0])
                weight, said = max(
                    self._as_several(core, depth), self._as_one(core, depth), key=lambda reading: reading[0]
                )
                best = (weight, text[:start] + said + text[start + len(core) :])
                if start:  # perhaps a template whose first place is empty
                    best = max(best, self._as_one(text, depth), key=lambda reading: reading[0])
            self._known[text] = best
        return self._known[text]

    def _as_one(self, text: str, depth: int) -> Reading:
        """A text that is one template."""
        if text in self._whole:
            return self._whole[text].weight, self._whole[text].other
        found: list[Reading] = []
        for template in self._may_be:
            if template.anchor in text and (spans := template.spans_in(text)) is not None:
                groups = [text[start:end] for start, end in spans]
                if template.weight < _FEW_LETTERS and any(map(_WORDS.search, groups)):
                    continue
                if any(": " in text[start:end] and text.startswith(":", end) for start, end in spans):
                    continue  # the last word before the colon is a key
                told = [self._filled(text, start, end, depth - 1) for start, end in spans]
                parts = dict(zip(template.groups, (said for _, said in told), strict=True))
                found.append((template.weight + sum(weight for weight, _ in told), template.filled(parts)))
        return max(found, key=lambda reading: reading[0], default=(0, text))

    def _filled(self, text: str, start: int, end: int, depth: int) -> Reading:
        """What was put into a template: a message, or a name, which stays as it is."""
        part = text[start:end]
        names = part if " " not in part and _LABEL.search(text, max(0, start - _WIDEST), start) else ""
        if text.endswith(_NAMES, 0, start):
            rest = _REST.search(part)
            names = part[: rest.start()] if rest else part
        if names:  # counted as told and one more, so that no other reading has as many letters
            return 1 + sum(map(str.isalpha, names)), names + self.read(part[len(names) :], depth)[1]
        is_key = _OF_A_KEY.match(text, end) and " " not in part
        return (0, part) if is_key else self.read(part, depth)

    def _as_several(self, text: str, depth: int) -> Reading:
        """A text of several messages one after the other, from the last to the first."""
        quoted = [found.span() for found in _QUOTED.finditer(text)]
        found_at = {end for found in _CUT.finditer(text) for end in found.span()}
        within = {at for at in found_at for start, end in quoted if start < at < end}
        cuts = sorted({0, len(text), *(found_at - within)})
        best: list[Reading] = [(0, "")]  # of what follows each cut, the last first
        for first in range(len(cuts) - 2, -1, -1):
            left = text[cuts[first] : cuts[first + 1]]
            # A sign after a blank, or at the start and not before one, is a value.
            is_apart = text[cuts[first] - 1 : cuts[first]].isspace() or not (first or text[1:2].isspace())
            choices = [(best[-1][0], (left if is_apart else self._signs.get(left, left)) + best[-1][1])]
            for last in range(len(cuts) - 1, first, -1):
                piece = text[cuts[first] : cuts[last]]
                if (
                    piece == text
                    or piece != piece.strip()
                    or (piece in self._whole and len(piece.split()) < _LEAST_WORDS)
                    or (": " in piece and text.startswith(":", cuts[last]))  # its last word is a key
                ):
                    continue
                weight, said = self._as_one(piece, depth - 1)
                if weight:
                    rest = best[len(cuts) - 1 - last]
                    choices.append((weight + rest[0], said + rest[1]))
            best.append(max(choices, key=lambda reading: reading[0]))
        return best[-1]
