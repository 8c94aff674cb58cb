"""Writes the numbers of a text in one way, so that rules need to know one notation only."""

from __future__ import annotations

import re

from text_to_num import alpha2digit

from glane.boundaries import numbers, plain_numbers
from glane.task.fold import fold
from glane.types import Language

_GROUPED = re.compile(r"\d{1,3}(?:([ .,'])\d{3})(?:\1\d{3})*")
_DEGREES = re.compile(r"(\d+)\s*[°º]\s*(\d+)(?!\d)")  # 38°5
_HYPHENS = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_])")
_JOINED = re.compile(r"(?<=\d)(?=[^\W\d_])")  # folding leaves no space between a number and its unit
_MOST = 400  # characters; what is longer is no value


def with_plain_numbers(text: str, language: Language) -> str | None:
    """The folded text, with its numbers as "1234.5"; None if one can be read in two ways, or the text is too long.

    Number words become figures. In French a comma is a decimal sign, in English it groups three digits. A point before
    three digits is either in French, and a decimal sign in English.
    """
    if len(text) > _MOST:
        return None
    text = text.encode(errors="replace").decode()  # text2num takes no lone surrogates
    plain = " ".join(text.replace("-\n", "-").split())
    plain = plain.lower()
    if language == "en":
        plain = _HYPHENS.sub(" ", plain)  # "twenty-one"
    plain = alpha2digit(plain, language, 0)
    found, end = [], 0
    for start, stop in numbers(plain):
        if (figure := _plain(plain_numbers(plain)[start:stop], language)) is None:
            return None
        found += [plain[end:start], figure]
        end = stop
    return _JOINED.sub(" ", fold("".join([*found, plain[end:]])))


def with_degrees(text: str) -> str:
    """The text with "38°5" as "38,5°"."""
    return _DEGREES.sub(r"\1,\2°", text)


def _plain(figure: str, language: Language) -> str | None:
    """A number with a point as its decimal sign and no other sign; None if it can be read in two ways."""
    if figure.isdecimal():
        return figure
    if "²" in figure:
        return None
    if (grouped := _GROUPED.fullmatch(figure)) is not None:
        sign = grouped[1]
        several = figure.count(sign) > 1
        if sign == "." and not several:
            return None if language == "fr" else figure
        if sign == "," and not several and language == "fr":
            return figure.replace(",", ".")
        return figure.replace(sign, "")
    whole, _, decimals = figure.replace(",", ".").rpartition(".")
    return f"{re.sub('[^0-9]', '', whole)}.{decimals}" if decimals.isdecimal() else None
