"""Whether the words of a figure agree with what is counted: a condition can be valid, and not be what its label says.

What a label says in digits must stand in its condition, in both languages; a department or region that it names must be
asked for there, by code or by name. What cannot be compared is left to who signs the brief.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from glane.errors import ConfigError
from glane.settings.brief_definition import BriefDefinition, Words
from glane.surveillance.places import names
from glane.task.fold import fold

_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_SHORTEST_NAME = 4  # letters: "Ain" and "Lot" are words


def check_labels(definition: BriefDefinition) -> None:
    """Check the labels of a brief.

    Raises:
        ConfigError: naming the label, and what its condition does not say.
    """
    place = "" if definition.place is None else f"{definition.place.column} = '{definition.place.value}'"
    for where, words, condition in _labels(definition):
        told = _numbers(condition)
        for language in ("fr", "en"):
            text = words.of(language)
            if strange := sorted(_numbers(text) - told):
                raise ConfigError(
                    f"{where}.{language}: says {strange[0]}, which its condition does not ({condition!r}). A label "
                    "that says otherwise than what is counted would make a false sentence: mend one of both."
                )
            for name, code in _places_in(text):
                if f"'{code}'" not in condition + place and fold(name) not in fold(condition + place):
                    raise ConfigError(
                        f"{where}.{language}: names {name}, and neither its condition nor brief.place asks for it. "
                        f"Write the condition ('{code}' is its code), or take the name out."
                    )


def _labels(definition: BriefDefinition) -> Iterator[tuple[str, Words, str]]:
    if definition.where is not None:
        yield "brief.where.label", definition.where.label, definition.where.case
    for one in definition.measures:
        yield f"brief.measures.{one.name}.label", one.label, f"{one.case or ''} {one.field or ''}"
        if one.among is not None:
            yield f"brief.measures.{one.name}.among.label", one.among.label, one.among.case


def _numbers(text: str) -> set[str]:
    return {one.replace(",", ".") for one in _NUMBER.findall(text)}


def _places_in(text: str) -> Iterator[tuple[str, str]]:
    folded = fold(text)
    for level in ("department", "region"):
        for code, name in names(level).items():
            if len(name) >= _SHORTEST_NAME and re.search(rf"\b{re.escape(fold(name))}\b", folded):
                yield name, code
