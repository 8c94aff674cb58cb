"""A message that was put together in English, in another language.

Messages are written as f-strings where they arise, go through logs and between processes as English text, and become
another language where a person reads them. A message is one template, whose filled-in parts may be messages themselves,
or several templates one after the other. Of all such readings, that counts which leaves the fewest letters to no
template. What no template tells stays as it is: names, paths and values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from glane.languages.catalogue import Template
from glane.languages.cuts import Cuts, is_within
from glane.languages.values import COMMAND, is_path, kept, paths, quoted_in, unquoted, without_paths

_LEAST_LETTERS = 2  # of a template's own, for it to be looked for
_FEW_LETTERS = 5  # a template of fewer tells of values; words around so few letters are another sentence's
_WORDS = re.compile(r"[A-Za-z]{2}.*\s.*[A-Za-z]{2}", re.DOTALL)
_OF_A_KEY = re.compile(r"[.=]\w|:")  # a word before it is no message
_DEEPEST = 6  # messages within messages
_LEAST_WORDS = 2  # of a message without places among others: a single word may be part of a name or of a sentence
_LEAST_WORDS_OF_PATH = 3  # of a message that begins with a path, unless a colon parts them
_LEAST_LETTERS_OF_PATH = 12  # of a message after a path: fewer may be words of its last part
_LABEL = re.compile(r"\S {2,}$")  # what follows in one word is a path or a name
_WIDEST = 12  # of a label's blanks
_MOST_BLANKS = 40  # of what fills neighbouring places, at which a value and a message are parted
_MOST_TRIES = 100_000  # templates held against the parts of one text; what is left then stays English

Reading = tuple[int, str]  # how many letters templates told, and the text


class Translator:
    """Puts texts into another language by a table of templates."""

    def __init__(self, templates: Iterable[Template], *, signs: Mapping[str, str] | None = None) -> None:
        """`signs` are those between messages that the language writes in another way."""
        self._signs = signs or {}
        self._whole: dict[str, Template] = {}
        self._open: list[Template] = []
        for one in map(unquoted, templates):
            if one.places and one.weight >= _LEAST_LETTERS:
                self._open.append(one)
            elif not one.places:
                self._whole[one.english] = one
        self._told = quoted_in([*self._open, *self._whole.values()])

    def __call__(self, text: str) -> str:
        """The text in the other language, as far as the table goes."""
        if "\n" in text and text.strip() not in self._whole and not any(one.has_lines_of(text) for one in self._open):
            return "\n".join(map(self, text.split("\n")))
        values = kept(text, told=self._told)
        may_be = [one for one in (*self._open, *self._whole.values()) if one.anchor in values.text]
        return values.put_back(_Message(self._whole, may_be, self._signs).read(values.text)[1])


class _Message:
    """One text: its parts are looked at again and again, and what was found of each is kept."""

    def __init__(self, whole: Mapping[str, Template], may_be: list[Template], signs: Mapping[str, str]) -> None:
        self._whole, self._may_be, self._signs = whole, may_be, signs
        self._open = [one for one in may_be if one.places]
        self._known: dict[str, Reading] = {}
        self._ones: dict[str, Reading] = {}
        self._tries = 0

    def read(self, text: str, depth: int = _DEEPEST) -> Reading:
        """The best reading of a text."""
        if text not in self._known:
            core = text.strip()
            best = (0, text)
            if core and depth:
                start = text.index(core[0])
                one = self._as_one(core, depth)  # before the parts take all tries
                weight, said = max(self._as_several(core, depth), one, key=lambda reading: reading[0])
                best = (weight, text[:start] + said + text[start + len(core) :])
                if start:  # perhaps a template whose first place is empty
                    best = max(best, self._as_one(text, depth), key=lambda reading: reading[0])
            self._known[text] = best
        return self._known[text]

    def _as_one(self, text: str, depth: int) -> Reading:
        """A text that is one template."""
        if text not in self._ones:
            self._ones[text] = self._found(text, depth)
        return self._ones[text]

    def _found(self, text: str, depth: int) -> Reading:
        if text in self._whole:
            return self._whole[text].weight, self._whole[text].other
        if COMMAND.fullmatch(text):
            return 0, text
        found: list[Reading] = [(0, text)]
        for template in self._open:
            if template.anchor not in text:
                continue
            self._tries += 1
            if self._tries > _MOST_TRIES:
                break
            if (spans := template.spans_in(text)) is None:
                continue
            if not self._is_of_values(template, text, spans) and not _is_of_a_path(template, text):
                found.append(self._filled_in(template, text, spans, depth))
        return max(found, key=lambda reading: reading[0])

    def _filled_in(self, template: Template, text: str, spans: Sequence[tuple[int, int]], depth: int) -> Reading:
        told = [
            self._filled(text, start, end, depth - 1, may_be_word=group in template.with_words, is_several=" " in group)
            for group, (start, end) in zip(template.groups, spans, strict=True)
        ]
        parts = dict(zip(template.groups, (said for _, said in told), strict=True))
        return template.weight + sum(weight for weight, _ in told), template.filled(parts)

    @staticmethod
    def _is_of_values(template: Template, text: str, spans: Sequence[tuple[int, int]]) -> bool:
        """Whether the words of a template are, where they stand here, those of a value or of another sentence."""
        if any(_is_key_after_colon(text, start, end) for start, end in spans):
            return True
        parts = zip(template.groups, (text[start:end] for start, end in spans), strict=True)
        if any(group in template.counts and not _may_be_count(part) for group, part in parts):
            return True
        if template.weight >= _FEW_LETTERS or template.is_labelled:
            return False
        if any(_WORDS.search(text[start:end]) for start, end in spans):
            return True
        edges = {at for span in spans for at in span} - {0, len(text)}
        return any(is_within(at, paths(text)) for at in edges)

    def _filled(self, text: str, start: int, end: int, depth: int, *, may_be_word: bool, is_several: bool) -> Reading:
        """What was put into a template: a message, or a name, which stays as it is."""
        part = text[start:end]
        if " " not in part and _LABEL.search(text, max(0, start - _WIDEST), start):
            return _as_it_stands(part)
        is_name = part.strip() in self._whole and len(part.split()) < _LEAST_WORDS and not may_be_word
        is_key = _OF_A_KEY.match(text, end) and " " not in part
        weight, said = (0, part) if is_name or is_key else self.read(part, depth)
        if is_several:
            weight, said = max((weight, said), self._with_a_value(part, depth), key=lambda reading: reading[0])
        return (weight, said) if weight else (0, part)

    def _with_a_value(self, part: str, depth: int) -> Reading:
        """What fills neighbouring places: a value and a message, or a message and a value."""
        blanks = [found.start() for found in re.finditer(" ", part)][:_MOST_BLANKS]
        found = [(0, part)]
        for at in blanks:
            left, right = part[:at], part[at + 1 :]
            for value, message in ((left, right), (right, left)):
                if len(message.split()) >= _LEAST_WORDS:
                    weight, said = self._as_one(message, depth - 1)
                    found.append((weight, f"{value} {said}" if value is left else f"{said} {value}"))
        return max(found, key=lambda reading: reading[0])

    def _as_several(self, text: str, depth: int) -> Reading:
        """A text of several messages one after the other, from the last to the first."""
        begins_as_path, parts = is_path(text), Cuts(text, self._may_be)
        cuts = parts.places
        self._tries += len(cuts)
        # Of what follows each cut, the last first: letters that are told, pieces and signs between them, the text, and
        # whether it begins with a piece that is told.
        best: list[tuple[int, int, str, bool]] = [(0, 0, "", False)]
        for first in range(len(cuts) - 2, -1, -1):
            left = text[cuts[first] : cuts[first + 1]]
            # A sign after a blank, or at the start and not before one, is a value.
            is_value = text[cuts[first] - 1 : cuts[first]].isspace() or not (first or text[1:2].isspace())
            sign = left if is_value else self._signs.get(left, left)
            weight, pieces, rest, is_told = best[-1]
            choices = [(weight, pieces + (is_told and sign != left), sign + rest, is_told and left.isspace())]
            for last in parts.ends(first) if self._tries <= _MOST_TRIES else ():
                piece = text[cuts[first] : cuts[last]]
                if (
                    piece == text
                    or piece != piece.strip()
                    or (piece in self._whole and len(piece.split()) < _LEAST_WORDS)
                    or _is_key_after_colon(text, cuts[first], cuts[last])
                ):
                    continue
                weight, said = self._as_one(piece, depth - 1)
                # A sign at the end that no template has is between this message and the next.
                is_between = piece[-1] in self._signs and not piece[-2:-1].isspace()
                if is_between and self._as_one(piece[:-1], depth - 1)[0] >= weight:
                    continue
                if weight >= (_LEAST_LETTERS_OF_PATH if begins_as_path else 1):
                    after = best[len(cuts) - 1 - last]
                    choices.append((weight + after[0], 1 + after[1], said + after[2], True))
            best.append(max(choices, key=lambda reading: reading[:2]))
        return best[-1][0], best[-1][2]


def _is_of_a_path(template: Template, text: str) -> bool:
    """Whether the few words of a template are, in a text that begins as a path, rather of its last part."""
    if not is_path(text) or text.startswith(template.literals[0] or ":"):
        return False
    after = next((words for words in template.literals[1:] if words), "")
    return not after.startswith(":") and sum(len(words.split()) for words in template.literals) < _LEAST_WORDS_OF_PATH


def _may_be_count(part: str) -> bool:
    """Whether what stands before a word that is counted may be its count: a number, or one word such as "no"."""
    words = part.split()
    return len(words) < 2 or any(letter.isdigit() for letter in words[-1])


def _as_it_stands(text: str) -> Reading:
    """A text that is told, and of which no other reading may tell more."""
    return 1 + sum(map(str.isalpha, text)), text


def _is_key_after_colon(text: str, start: int, end: int) -> bool:
    """Whether a colon follows a part that holds one already: its last word is a key."""
    return text.startswith(":", end) and ": " in text[start:end] and ": " in without_paths(text[start:end])
