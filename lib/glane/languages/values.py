"""What a message holds that is read or typed as it stands: quoted texts, lists of names, commands, paths."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from glane.languages.catalogue import PLACES, Template

_WORD = r"(?:…|-\S+|[\w.+@/-]+=(?:'[^'\n]*'|\"[^\"\n]*\"|\S*))"  # of a command line, after the command
_NAMES_END = r"(?=(?:, and \d+ more)?\.(?:\s+[A-Z]|\s*$)|; or |$)"  # another sentence begins, or there is none
QUOTED = r"(?<!\w)'(?:[^'\\\n]|\\.)*'(?!\w)|(?<!\w)\"(?:[^\"\\\n]|\\.)*\"(?!\w)"
_AS_IT_STANDS = re.compile(rf"(?:(?<=\sValid: )|(?<=^Valid: ))(?!\(none\)).+?{_NAMES_END}|{QUOTED}")
COMMAND = re.compile(rf"glane [a-z]+(?:-[a-z]+)*(?: {_WORD})+")
# From a word that begins as a path does to the last "/" from which no quote, no wide blanks, no other such word and no
# more than four blanks part it. What is longer between two of them is a sentence.
_START = r"(?:~|\.\.?)?/"
_FOLDER = rf"(?!(?:[^/\s]*\s){{5}})(?:(?!\s\s|\s{_START})[^/\n'\"])*/"
_PATH = re.compile(rf"(?<![^\s(\[=«]){_START}(?:{_FOLDER})*[^\s/'\"]*(?<!:)")
# A text that begins as a path does, also one from here on (runs/notes); rates (rows/s) and counts (3/19) are none.
_OPENING = re.compile(rf"{_START}\S|(?!\d+/\d+(?:\s|$))[^\s/:'\"(\[]+/(?!s\b)[^\s/]")
_AFTER_COLON = re.compile(rf"(?:^|(?<=: ))(?:{_OPENING.pattern})")
_SIGNS = (0xE000, 0xF900)  # Unicode's area for private use


@dataclass(frozen=True)
class Kept:
    """A text with a sign of no meaning in the place of each value, and these values."""

    text: str
    values: dict[str, str]

    def put_back(self, text: str) -> str:
        """The text with the values again, byte by byte."""
        return "".join(self.values.get(letter, letter) for letter in text) if self.values else text


def kept(text: str, *, told: re.Pattern[str]) -> Kept:
    """Take out of a message what stays as it is, but for quoted texts that belong to messages themselves."""
    values: dict[str, str] = {}
    free = (chr(number) for number in range(*_SIGNS) if chr(number) not in text)

    def sign(found: re.Match[str]) -> str:
        if told.fullmatch(found[0]) or (one := next(free, None)) is None:
            return found[0]
        values[one] = found[0]
        return one

    return Kept(_AS_IT_STANDS.sub(sign, text), values)


def unquoted(template: Template) -> Template:
    """The template with a bare place for each that is all of a quoted text: the quotation marks are of the value."""
    for place in template.places:
        for quoted in (f"'{{{place}}}'", f'"{{{place}}}"'):
            if quoted in template.english and quoted in template.other:
                english, other = (text.replace(quoted, f"{{{place}}}") for text in (template.english, template.other))
                template = replace(template, english=english, other=other)
    return template


def quoted_in(templates: Iterable[Template]) -> re.Pattern[str]:
    """A pattern of what is quoted or listed in the words of messages themselves."""
    found = {one for template in templates for one in _AS_IT_STANDS.findall(template.english)}
    own = sorted(one for one in found if one[0] in "'\"" or not PLACES.search(one))
    return re.compile("|".join(".*".join(map(re.escape, PLACES.split(one))) for one in own) or r"(?!)")


def paths(text: str) -> list[tuple[int, int]]:
    """The spans of what begins as a path does, with what may belong to it: where a path ends cannot be told."""
    return [found.span() for found in _PATH.finditer(text)]


def openings(text: str) -> list[tuple[int, int]]:
    """The spans of the first letters of paths where messages name them: at the start, or after a colon."""
    return [found.span() for found in _AFTER_COLON.finditer(text)]


def is_path(text: str) -> bool:
    """Whether a text begins as a path does. Its last part may have blanks, and words of messages, to its end or to a
    colon."""
    return _OPENING.match(text) is not None


def without_paths(text: str) -> str:
    """The text without what `paths` finds."""
    return _PATH.sub("", text)
