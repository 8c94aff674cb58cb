"""The table of messages of a language: English templates, and what they are in that language.

A file of gettext's kind (`fr/*.po`) for each room holds them. A placeholder `{0}`, `{1}` … stands for what was put into
a message where it arose; a translation may name them in another order. The comment of an entry, `words: {0} {2}`, says
which of them hold a single word that is in the tables, too; elsewhere a single word is a name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import polib

from glane.types import Language

_FOLDER = Path(__file__).parent
PLACE = re.compile(r"\{(\d+)\}")
PLACES = re.compile(r"\{\d+\}")
_NEIGHBOURS = re.compile(r"\{\d+\}(?:\s*\{\d+\})*")
_LABEL = re.compile(r"\S+ {2,}")
_COUNT = re.compile(r"(\{\d+\}) [^\W\d_]+\((?:s|x|es|nt|aux)\)")


@dataclass(frozen=True)
class Template:
    """A message with places that are filled in, in English and in another language."""

    english: str
    other: str
    words: tuple[str, ...] = ()  # the places that hold a single word of the tables

    @cached_property
    def literals(self) -> tuple[str, ...]:
        """What stands between the places, from before the first to after the last."""
        return tuple(PLACE.split(self.english)[::2])

    @cached_property
    def anchor(self) -> str:
        """The longest of the literals: a message of this template holds it."""
        return max(self.literals, key=len)

    @cached_property
    def weight(self) -> int:
        """How many letters of a message are the template's own."""
        return sum(letter.isalpha() for text in self.literals for letter in text)

    @cached_property
    def is_labelled(self) -> bool:
        """Whether it begins with a word and wide blanks: a label, however few its letters are."""
        return _LABEL.fullmatch(self.literals[0]) is not None

    @cached_property
    def places(self) -> tuple[int, ...]:
        """The numbers of the places, in the order of the English message."""
        return tuple(map(int, PLACE.findall(self.english)))

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """What the pattern finds: places, and neighbours with nothing but blanks between them as one.

        Where one of two neighbours ends cannot be told. They are one if the other language has them so, too.
        """
        found = _NEIGHBOURS.findall(self.english)
        return tuple(part for one in found for part in ([one] if one in self.other else PLACES.findall(one)))

    @cached_property
    def with_words(self) -> frozenset[str]:
        """The groups that hold a single word of the tables."""
        return frozenset(group for group in self.groups if any(place in group for place in self.words))

    @cached_property
    def counts(self) -> frozenset[str]:
        """The places that hold a count: a word that has a singular and a plural follows them."""
        return frozenset(_COUNT.findall(self.other))

    @cached_property
    def _between(self) -> tuple[str, ...]:
        """What stands between the groups, from before the first to after the last."""
        rest, found = self.english, []
        for group in self.groups:
            before, rest = rest.split(group, 1)
            found.append(before)
        return (*found, rest)

    def spans_in(self, text: str) -> list[tuple[int, int]] | None:
        """Where the groups stand in a message of this template, each as short as can be; None if it is none.

        Takes time in proportion to the text: a regular expression tries all ways to part a sentence.
        """
        first, *middle, last = self._between
        end = len(text) - len(last)
        if not text.startswith(first) or not text.endswith(last):
            return None
        at, found = len(first), []
        for words in middle:
            place = text.find(words, at, max(end, 0))
            if place < 0:
                return None
            found.append((at, place))
            at = place + len(words)
        return [*found, (at, end)] if at <= end else None

    def has_lines_of(self, text: str) -> bool:
        """Whether this is a template of several lines, and its words are in a text."""
        return "\n" in self.english and all(words in text for words in self.literals)

    def filled(self, parts: Mapping[str, str]) -> str:
        """The message in the other language; `parts` by the groups of the pattern."""
        several = "|".join(map(re.escape, sorted(parts, key=len, reverse=True)))
        return re.sub(several, lambda found: parts[found[0]], self.other)


@cache
def catalogue(language: Language) -> tuple[Template, ...]:
    """All templates of a language; none for English."""
    return tuple(
        Template(entry.msgid, entry.msgstr, tuple(PLACES.findall(entry.comment)))
        for path in sorted((_FOLDER / language).glob("*.po"))
        for entry in polib.pofile(str(path))
        if entry.msgstr
    )
