"""Texts for a terminal, in the language of its user."""

from __future__ import annotations

from functools import cache

from glane.languages.catalogue import catalogue
from glane.languages.choice import language_of
from glane.languages.matching import Translator
from glane.types import Language


def in_language(text: str, language: Language | None = None) -> str:
    """An English message in `language`; in that of the user if it is None."""
    language = language or language_of()
    return text if language == "en" else _translator(language)(text)


@cache
def _translator(language: Language) -> Translator:
    return Translator(catalogue(language))
