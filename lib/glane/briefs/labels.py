"""Whether the words of a figure agree with what is counted: a condition can be valid, and not be what its label says.

A number of a label must stand in its condition, compared as the label says ("65 or over" is `>= 65`), in both
languages; a department or region that it names must be asked for there, by code or by name. No label tells a trend or a
cause, or ends the sentence that it stands in. What cannot be compared is left to who signs the brief.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from glane.briefs.asked import ANY, EQ, Asked, asked_of
from glane.briefs.label_numbers import numbers_of, texts_with_numbers
from glane.briefs.label_places import codes_of, places_in
from glane.briefs.said import said_in
from glane.errors import ConfigError
from glane.settings.brief_definition import BriefDefinition, Words
from glane.types import Language

_LANGUAGES: tuple[Language, ...] = ("fr", "en")
_ENDS = re.compile(r"[:;!?\n\r]|\.(?!\d)")  # what would end the label, and begin another statement


def check_labels(definition: BriefDefinition) -> None:
    """Check the labels of a brief.

    Raises:
        ConfigError: naming the label, and what its condition does not say.
    """
    place = () if definition.place is None else (Asked(EQ, definition.place.value),)
    for where, words, condition in _labels(definition):
        asked = () if condition is None else asked_of(condition, place=where.rpartition(".")[0])
        told = condition or ""
        for language in _LANGUAGES:
            _check_form(f"{where}.{language}", words.of(language))
            _check_numbers(f"{where}.{language}", words, language, asked, told)
            _check_places(f"{where}.{language}", words.of(language), (*asked, *place))
        if {one.value for one in numbers_of(words.fr, "fr")} != {one.value for one in numbers_of(words.en, "en")}:
            raise ConfigError(f"{where}: fr and en do not say the same numbers. Mend one of both.")


def _labels(definition: BriefDefinition) -> Iterator[tuple[str, Words, str | None]]:
    if definition.where is not None:
        yield "brief.where.label", definition.where.label, definition.where.case
    for one in definition.measures:
        yield f"brief.measures.{one.name}.label", one.label, one.case
        if one.among is not None:
            yield f"brief.measures.{one.name}.among.label", one.among.label, one.among.case


def _check_form(where: str, text: str) -> None:
    if _ENDS.search(text) or any(unicodedata.category(one) in ("Cc", "Cf") for one in text):
        raise ConfigError(
            f"{where}: {text!r} has a line end, a sign that is not seen or one of . : ; ! ?, so it would be more than "
            "a name in a sentence. Write a noun with its article, as une fièvre."
        )
    found = said_in(text)
    if found.has_trend or found.has_cause:
        raise ConfigError(
            f"{where}: {text!r} tells a trend or a cause, which no count shows. Name what the documents have in "
            "common, as une fièvre."
        )


def _check_numbers(where: str, words: Words, language: Language, asked: Sequence[Asked], condition: str) -> None:
    there = [*asked, *texts_with_numbers(asked)]
    for one in numbers_of(words.of(language), language):
        if not any(how in one.hows and value == one.value for how, value in there):
            raise ConfigError(
                f"{where}: says {one.text}, which its condition does not ({condition!r}). A label that says otherwise "
                "than what is counted would make a false sentence: mend one of both. 65 or over is >= 65, over 65 "
                "is > 65, under 65 is < 65."
            )


def _check_places(where: str, text: str, asked: Sequence[Asked]) -> None:
    told = [str(one.value) for one in asked if one.how in (EQ, ANY)]
    by_name = {name for one in told for name in places_in(one)}
    for name in places_in(text):
        codes = codes_of(name)
        if name not in by_name and codes.isdisjoint(one.upper().zfill(2) for one in told):
            raise ConfigError(
                f"{where}: names {name}, and neither its condition nor brief.place asks for it. Write the condition "
                f"({' or '.join(map(repr, sorted(codes)))} is its code), or take the name out."
            )
