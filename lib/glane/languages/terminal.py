"""Texts for a terminal, in the language of its user."""

from __future__ import annotations

import sys
from functools import cache
from typing import TextIO

from glane.errors import ConfigError, visible
from glane.languages.catalogue import catalogue
from glane.languages.choice import language_of
from glane.languages.matching import Translator
from glane.languages.numbers import measures_in, numbers_in
from glane.languages.plurals import plurals_in
from glane.languages.signs import SIGNS, explained
from glane.types import Language


def in_language(text: str, language: Language | None = None) -> str:
    """An English message in `language`; in that of the user if it is None."""
    language = language or _of_the_user()
    return plurals_in(text if language == "en" else _translator(language)(text), language)


def as_read(text: str) -> str:
    """An English message as a person reads it: in the language of the user, numbers, too. For output, not for errors,
    which name values as they are typed."""
    return numbers_in(in_language(text), _of_the_user())


def as_found(text: str) -> str:
    """An English message that names values as they are typed, as a person reads it: of its numbers, measures alone are
    written in the language of the user. For errors, and what checks found."""
    return measures_in(in_language(text), _of_the_user())


def labelled(name: str, text: str) -> str:
    """A name, as it is, with what is said of it in the language of the user, which has its own colon."""
    return explained(name, as_read(text), _of_the_user())


class Spoken:
    """A result that tells of itself: `str()` of it is in the language of the user."""

    __slots__ = ()

    def _in_english(self) -> str:
        raise NotImplementedError

    def __str__(self) -> str:
        return as_read(self._in_english())


def say(text: object, *, to: TextIO | None = None) -> None:
    """Print what a person reads, in the language of the user. `to` is standard output if it is None."""
    told = str(text) if isinstance(text, Spoken) else as_read(str(text))
    print(visible(told), file=to or sys.stdout, flush=True)


def complain(text: object) -> None:
    """Print an error on standard error, in the language of the user."""
    print(visible(as_found(str(text))), file=sys.stderr, flush=True)


def _of_the_user() -> Language:
    """Commands refuse an unknown language at their start. No message is lost for it where nobody checked."""
    try:
        return language_of()
    except ConfigError:
        return "en"


@cache
def _translator(language: Language) -> Translator:
    return Translator(catalogue(language), signs=SIGNS.get(language))
