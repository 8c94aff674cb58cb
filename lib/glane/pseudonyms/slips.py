"""Letters in numbers and digits in words, as scanning leaves them: "O6 12 34 56 78", "3O/09/195l", "So1enne"."""

from __future__ import annotations

import re

from glane.pseudonyms.words import folded, is_common, is_first_name, listed

_ANY = re.compile(
    r"(?<![^\W_])[OoQIlSB|][ ./-]?\d|\d[ ./-]?[OoQIlSB|](?![^\W\d_]{2})|(?<![^\W_])[0158][^\W\d_]{3}"
    r"|[^\W\d_][0158][^\W\d_]"
)
_RUN = re.compile(r"(?<![^\W_])[\dOoQIlSB|](?:[ ./-]?[\dOoQIlSB|])+(?![^\W_])")
_WORD = re.compile(r"(?<![^\W_])[0158]?[^\W\d_]+(?:[0158]{1,2}[^\W\d_]+)*[0158]?(?![^\W_])")
_DAY = re.compile(  # before a month's name, and a year behind it
    r"(?<![^\W_])[0-3OoIl]?[\dOoIlSB](?= (?:janv|f[ée]v|mars|avr|mai|juin|juil|ao[uû]t|sept|oct|nov|d[ée]c))"
    r"|(?<=[a-zé] )(?:[1lI]9|2[0Oo])[\dOoIlSB]{2}(?![^\W_])"
)
_CORSICA = re.compile(r"(?:\d[ .-]?){5}2[ .-]?B(?:[ .-]?\d)+")
_DIGITS = str.maketrans("OoQIlSB|", "00011581")
_CAPITALS, _SMALL = str.maketrans("0158", "OISB"), str.maketrans("0158", "olsb")
_LEAST_DIGITS, _LEAST_OF_DATE, _LEAST_LETTERS, _POSTCODE = 6, 4, 4, 5
_LEAST_SHARE = 0.6  # of digits in a number, and of letters in a word


def without_slips(text: str) -> str:
    """A text of the same length with digits in its numbers and letters in its words; itself, if it has no slip."""
    if _ANY.search(text) is None:
        return text
    lines = text.splitlines(keepends=True)
    meant = "".join(_line_without_slips(line) if _ANY.search(line) else line for line in lines)
    return text if meant == text else meant


def _line_without_slips(line: str) -> str:
    meant = _DAY.sub(lambda one: one[0].translate(_DIGITS), line)
    return _WORD.sub(lambda one: _as_word(one[0]), _RUN.sub(lambda one: _as_number(one[0]), meant))


def _as_number(told: str) -> str:
    if (told[0].isupper() and told[1:].isdigit()) or _CORSICA.fullmatch(told):
        return told  # the letter belongs to it
    digits = sum(map(str.isdigit, told))
    signs = sum(sign.isalnum() or sign == "|" for sign in told)
    is_short = told.count("/") == 2 or signs == len(told) == _POSTCODE  # a date, or a postcode
    least = _LEAST_OF_DATE if is_short else _LEAST_DIGITS
    return told.translate(_DIGITS) if least <= digits < signs and digits > _LEAST_SHARE * signs else told


def _as_word(told: str) -> str:
    if told.isalpha():
        return told
    written = sum(map(str.isalpha, told))
    if not _LEAST_LETTERS <= written < len(told) or written <= _LEAST_SHARE * len(told):
        return told
    if sum(map(str.isupper, told)) > 1:
        return told.translate(_CAPITALS)
    small = told.translate(_SMALL)
    other = small if "1" not in told else told.replace("1", "i").translate(_SMALL)
    if other != small and _is_known(other) and not _is_known(small):
        small = other
    return small[0].upper() + small[1:] if told[0].isdigit() and told[1:].islower() and told[0] != "1" else small


def _is_known(word: str) -> bool:
    plain = folded(word)
    return plain in listed("eponyms") or is_common(plain) or is_first_name(plain)
