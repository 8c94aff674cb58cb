"""Numbers as a language writes them, in what people read: never in what programs read, nor in values to be typed."""

from __future__ import annotations

import re

from glane.languages.values import paths
from glane.types import Language

_THIN, _NBSP = "\u202f", "\u00a0"
# Not within a name, a path, a version, a time, a quotation, a list, a setting (key=1.5) or a condition (age >= 38.5).
_BEFORE = r"(?<![\w.,=/'\"@\\\[])(?<!\w-)(?<!\d:)(?:(?<=\bp = )|(?<![<>=] ))(?<![<>=])"
_NUMBER = r"[+-]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+)"
_AFTER = r"(?=$|[\s)\]};:%?!×]|[.,](?:\s|$)|/s\b)"
_FOUND = re.compile(
    rf"\[(?P<low>{_NUMBER}), (?P<high>{_NUMBER})\](?:(?<=\]) (?= ))?|{_BEFORE}{_NUMBER}{_AFTER}", re.MULTILINE
)
# A blank goes in front, except in a column of a table, which ends at wide blanks.
_PERCENT = re.compile(rf"({_BEFORE}\d[\d{_THIN}]*(?:,\d+)?)%(?=$|[\s.,;:])(?!  )", re.MULTILINE)
_RATE = r"(?:rows|lignes|files|fichiers|tokens|documents)/s"
_WEEK = re.compile(r"(?<![\w/'\"-])(\d{4})-W(\d{2})(?![\w/'\"-])")  # as ISO 8601 has it
_UNIT = rf"(?:(?:[KMGT]i|[kKMGT])[Bo]|bytes|octets|k?Wh|ms|s|min|h|{_RATE})(?!\w)|%"
_QUOTED = r"(?<!\w)'[^'\n]*'(?!\w)|(?<!\w)\"[^\"\n]*\"(?!\w)"  # an apostrophe within a word begins no quotation
_MEASURE = re.compile(rf"(?P<quoted>{_QUOTED})|{_BEFORE}{_NUMBER}(?=[ {_NBSP}{_THIN}](?:{_UNIT}))")


def numbers_in(text: str, language: Language) -> str:
    """A text whose numbers are written as in English (33,113 and 0.958), with numbers as `language` writes them.

    French has a narrow space that does not break between thousands, a comma before decimals, and a semicolon between
    the ends of an interval; a blank after that is taken off, so that columns stay in line. A percentage has a blank. A
    week is 2026-S05.
    """
    if language == "en":
        return text
    return _WEEK.sub(r"\1-S\2", _PERCENT.sub(rf"\1{_NBSP}%", _FOUND.sub(_in_french, text)))


def measures_in(text: str, language: Language) -> str:
    """A text whose measures, numbers with a unit behind them, are written as `language` writes them.

    For errors and checks: these name values as they are typed, versions and paths, which `numbers_in` could take for
    numbers of a sentence.
    """
    if language == "en":
        return text
    of_paths = paths(text)

    def written(found: re.Match[str]) -> str:
        is_name = found["quoted"] is not None or any(start <= found.start() < end for start, end in of_paths)
        return found[0] if is_name else _french(found[0])

    return _MEASURE.sub(written, text)


def _in_french(found: re.Match[str]) -> str:
    if found["low"] is None:
        return _french(found[0])
    return f"[{_french(found['low'])}{_NBSP}; {_french(found['high'])}]"


def _french(number: str) -> str:
    return number.replace(",", _THIN).replace(".", ",")
