"""Whether a text in Latin script has marks alone outside ASCII, each where such a mark stands.

English notes have no letters there, but degrees, micrograms, quotation marks and dashes. In other encodings the same
bytes are letters, and letters stand where marks do not: "38.5 °C" would be read as "38.5 įC".
"""

from __future__ import annotations

import re

_MARKS = frozenset("‘’“”«»‹›„–—…•·°§€£©®™¿¡±×÷¹²³½¼¾µ†‰´¨¢¥¶\xa0\xad")
_CLOSED_BY = {"“": "”", "‘": "’", "«": "»", "‹": "›", "„": "“"}
_BEFORE_WORDS = frozenset("£€¥¢§¡¿•¶†")  # not at the end of one
_AROUND = re.compile(r"(?s)(?=(.)([^\x00-\x7f])(.))")
_MOST_TOGETHER = re.compile(r"[^\x00-\x7f]{4}")


def is_marked(data: bytes, encoding: str) -> bool:
    """Whether all that a text has outside ASCII in an encoding are marks in their places."""
    text = f" {data.decode(encoding, 'replace')} "
    if _MOST_TOGETHER.search(text):
        return False
    found = [one.groups() for one in _AROUND.finditer(text)]
    return bool(found) and all(stands(before, mark, after, text) for before, mark, after in found)


def stands(before: str, mark: str, after: str, text: str) -> bool:
    """Whether a mark can stand between two letters: not where letters of the same byte in other encodings do."""
    if mark not in _MARKS:
        return False
    within = before.isalpha() and after.isalpha()
    if mark in _CLOSED_BY:
        return not before.isalnum() and _CLOSED_BY[mark] in text
    if mark in "”»›™":
        return not within and not (before.isspace() and after.isalpha())
    if mark in "–—":
        return not within and not (before.isalpha() and after.isspace())
    if mark == "…":
        return not within and not (before.isspace() and after.isspace())
    if mark in "£€":
        return not before.isalpha() and not after.isalpha()
    if mark in _BEFORE_WORDS:
        return not before.isalpha() and not (mark == "§" and before.isdigit())
    return True
