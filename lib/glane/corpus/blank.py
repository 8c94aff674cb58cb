"""Texts of which nothing can be seen: they are not asked about."""

from __future__ import annotations

import unicodedata


def is_blank(text: str) -> bool:
    """Whether nothing of a text can be seen: white space, controls, and characters of no width."""
    return all(unicodedata.category(character)[0] in "ZC" for character in text)
