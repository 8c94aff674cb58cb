"""The rule by which a field was compared, as pages tell it: `evaluation.json` has the words that a user types."""

from __future__ import annotations

import re
from collections.abc import Mapping

from glane.types import Language

_SAID: Mapping[Language, tuple[tuple[str, str], ...]] = {
    "fr": (
        (r"items (.*)", "éléments : {}"),
        (r"assigned by (.*)", "appariés par {}"),
        (r"exact", "à l'identique"),
        (r"folded", "à la casse et aux accents près"),
        (r"fuzzy (.*)", "semblables à {} sur 100"),
        (r"±(\S+) d", "à {} j près"),
        (r"±(.*)", "à {} près"),
    ),
    "en": (
        (r"items (.*)", "items: {}"),
        (r"assigned by (.*)", "paired by {}"),
        (r"exact", "equal"),
        (r"folded", "except for case and accents"),
        (r"fuzzy (.*)", "alike to {} of 100"),
        (r"±(\S+) d", "within {} d"),
        (r"±(.*)", "within {}"),
    ),
}


def rule_text(rule: str, language: Language) -> str:
    """The rule in a few words of a language."""
    for pattern, words in _SAID[language]:
        if found := re.fullmatch(pattern, rule):
            return words.format(*(rule_text(part, language) for part in found.groups()))
    return rule
