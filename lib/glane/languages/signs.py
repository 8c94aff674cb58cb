"""Signs of punctuation as a language sets them: French has a blank before a colon and a semicolon."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from glane.types import Language

SIGNS: Mapping[Language, Mapping[str, str]] = {"fr": {":": "\u00a0:", ";": "\u00a0;"}}


def clauses(texts: Iterable[str], language: Language) -> str:
    """Several texts with a semicolon between them."""
    return f"{SIGNS.get(language, {}).get(';', ';')} ".join(texts)


def explained(term: str, text: str, language: Language) -> str:
    """A term, a colon, and what is said of it."""
    return f"{term}{SIGNS.get(language, {}).get(':', ':')} {text}"
