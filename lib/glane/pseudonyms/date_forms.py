"""What dates look like in French texts: names of months, and patterns of a plain text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from glane.pseudonyms.words import folded

MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
_ENGLISH = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_NAMES = {  # "jui" may be two months
    number: {name[:length] for name in (folded(french), english) for length in (3, 4, 9)} - {"jui"}
    for number, (french, english) in enumerate(zip(MONTHS, _ENGLISH, strict=True), start=1)
}
_NAMED = (
    r"janvier|janv|jan|fevrier|fevr|fev|mars|avril|avr|mai|juin|juillet|juil|aout|septembre|sept|octobre|oct|"
    r"novembre|nov|decembre|dec"
)
_MONTH = rf"(?P<name>{_NAMED})\b"
_SHORT = r"jan|feb|fev|mar|apr|avr|may|mai|jun|jul|aug|aou|sep|oct|nov|dec"  # words of their own, without a year
IN_ENGLISH = tuple(name[:3] for name in _ENGLISH)  # their first letters
_DAYS = r"(?P<firsts>(?:[0-3]?\d(?:er)?, ?)*[0-3]?\d(?:er)?(?: (?:au|et|ou|puis) | ?- ?))?"  # before the last one
_WEEK = r"(?P<week>0?[1-9]|[1-4]\d|5[0-3])"
_OF_YEAR = r"(?: de |, ?| ?[-/(] ?| )"
_DAY, _YEAR = r"(?P<day>[0-3]?\d)", r"(?P<year>(?:19|20)\d{2})"
_ANY_YEAR = r"(?P<year>(?:19|20)\d{2}|\d{2})"
ONLY_ENGLISH = frozenset(IN_ENGLISH) - frozenset(_NAMED.split("|")) - {"mar", "jun", "jul", "sep"}
_AWAY = r"(?<![\d.,/-])"


@dataclass(frozen=True, slots=True)
class _Form:
    """What a date looks like, and what must stand around it."""

    core: str
    before: str = _AWAY
    after: str = r"(?![\d/])"


_FORMS = (
    _Form(
        rf"{_DAYS}{_DAY}(?P<sep> ?[/.\-–_] ?"
        rf"| )(?P<month>[01]?\d)(?P=sep){_ANY_YEAR}"
    ),
    _Form(rf"{_YEAR}(?P<sep>[-/.])(?P<month>[01]\d)(?P=sep)(?P<day>[0-3]\d)", before=r"(?<!\d)", after=r"(?!\d)"),
    _Form(
        rf"{_DAYS}{_DAY}(?P<er>er\b)?[ \t\u00a0]?-?\s?{_MONTH}(?:\.(?= ?\d))?"
        rf"(?:[ \t\u00a0]?-?\s?(?P<year>(?:19|20)\d{{2}}(?!\d)|\d{{2}}(?![\d/:%]|[.,]\d| ?[a-z(])))?",
        after=r"",
    ),
    _Form(  # 12-MAR-2024, 12MAR2024, 12/mars/2024
        rf"{_DAY}(?P<sep> ?[-–/.] ?|[ \t\u00a0]?)(?P<name>{_NAMED}|{_SHORT})\.?(?P=sep)"
        r"(?P<year>(?:19|20)\d{2}|(?<=[-–/.])\d{2})",
        after=r"(?!\d)",
    ),
    _Form(rf"{_MONTH}\.?[ \t\u00a0]+{_YEAR}", before=r"\b", after=r"(?!\d)"),
    _Form(rf"(?P<month>0[1-9]|1[0-2])[/-]{_YEAR}"),
    _Form(rf"{_YEAR}-(?P<month>0[1-9]|1[0-2])", before=r"(?<![\w/-])(?<!saison )(?<!hiver )", after=r"(?![\w/-])"),
    _Form(rf"{_YEAR}[- ]?(?:w|sem|se|s)[- ]?{_WEEK}", before=r"(?<![\w/-])", after=r"(?!\w)"),
    _Form(rf"(?:semaine|sem\.?) ?{_WEEK}{_OF_YEAR}{_YEAR}", before=r"(?<!\w)", after=r"(?![\w/-])"),
    _Form(rf"(?:w|se|s)(?P<week>[0-4]\d|5[0-3]){_OF_YEAR}{_YEAR}", before=r"(?<!\w)", after=r"(?![\w/-])"),
    _Form(
        rf"semaine (?:epidemiologique|calendaire|iso) (?:n ?° ?)?{_WEEK}(?:{_OF_YEAR}{_YEAR})?",
        before=r"\b",
        after=r"(?!\w)",
    ),
    _Form(  # without noughts, where no word says that it is a part of something
        r"(?P<day>[12]\d|3[01]|[1-9])/(?P<month>[1-9])",
        before=r"(?<=\ble )",
        after=r"(?=[ \t]*(?:[.;:)\n]|,\D|$)|[ \t](?:a|au|et|puis|pour|matin|soir|vers)\b)",
    ),
    _Form(
        rf"{_DAY}/(?P<month>0[1-9]|1[0-2])",
        before=r"(?:(?<=\ble )|(?<=\bdu )|(?<=\bau )|(?<=\bdes )|(?<=\bddr )|(?<=\bddr : )|(?<=\bdepuis )|(?<=\bce )"
        r"|(?<=debut )|(?<=debut : )|(?<=\()|(?<=\n))",
        after=r"(?!\d|/|[.,]\d)",
    ),
    _Form(  # in two figures each, where no measure stands before it
        r"(?P<day>0[1-9]|[12]\d|3[01])/(?P<month>0[1-9]|1[0-2])",
        before=r"(?<![\d.,/+-])(?<!\d )(?<!ta )(?<!ta a )(?<!ta : )(?<!pa )(?<!pa a )(?<!tension )(?<!eva )(?<!eva a )"
        r"(?<!en )(?<!en : )(?<!score )(?<!score de )(?<!glasgow )(?<!acuite )(?<!av )(?<!bras )(?<!tas )(?<!tad )"
        r"(?<!douleur )"
        r"(?<!cotee a )(?<!cote a )(?<!ch )(?<!lit )(?<!od )(?<!og )",
        after=r"(?![\d/%]|[.,]\d| ?mm| ?cm| ?e\b)",
    ),
    _Form(
        r"(?P<day>[0-3]\d)(?P<month>[01]\d)(?P<year>(?:19|20)\d{2})",
        before=r"(?:(?<=ddn )|(?<=ddn: )|(?<=ddn : )|(?<=ne le )|(?<=nee le )|(?<=naissance )|(?<=naissance : ))",
    ),
)
SEARCHED = tuple(re.compile(one.before + one.core + one.after) for one in _FORMS)  # where one stands in a plain text
WHOLE = tuple(re.compile(one.core) for one in _FORMS)  # for a plain text that is one, in the same order


def month_numbered(name: str) -> int | None:
    """The number of a month by its plain name in French or English, whole or its first letters; None of other words."""
    return next((place for place, some in _NAMES.items() if name in some), None)
