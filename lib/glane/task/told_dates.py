"""Dates as texts tell them, in French and English: "le 3 mai 2024", "03/05/24", "May 3", "du 3 au 5 mai"."""

from __future__ import annotations

import re
from typing import NamedTuple

# A line per month.
_MONTHS = """
janvier janv january jan
fevrier fevr fev february feb
mars march mar
avril avr april apr
mai may
juin june jun
juillet juill juil july jul
aout august aug
septembre sept sep september
octobre oct october
novembre nov november
decembre dec december
"""
MONTH_OF = {word: number for number, line in enumerate(_MONTHS.split("\n")) for word in line.split()}
MONTH = "|".join(sorted(MONTH_OF, key=len, reverse=True))
_DAY = "[0-3]?[0-9]"
_YEAR = "(?:19|20)[0-9]{2}"
_SHORT_YEAR = "[0-9]{2}(?![0-9]| ?[a-z°%])"
# In folded text.
_DATES = re.compile(
    rf"\b(?:(?P<first>{_DAY})(?:er)? ?(?:au|et|to|and|-) ?)?(?P<day>{_DAY})(?:er|st|nd|rd|th)? ?(?:of )?"
    rf"(?P<month>{MONTH})\b\.?,? ?(?P<year>{_YEAR}|'?{_SHORT_YEAR})?"
    rf"|\b(?P<month_first>{MONTH})\b\.? (?P<its_day>{_DAY})(?:st|nd|rd|th)?(?![0-9]| ?[a-z%°])"
    rf"(?:,? ?(?P<its_year>{_YEAR}))?"
    rf"|\b(?P<month_alone>{MONTH})\b\.?,? ?(?P<year_of_month>{_YEAR})"
    rf"|\b(?P<iso_year>{_YEAR})-(?P<iso_month>[01][0-9])(?:-(?P<iso_day>[0-3][0-9]))?\b"
    rf"|\b(?P<one>{_DAY}) ?[/.-] ?(?P<other>{_DAY})(?: ?[/.-] ?(?P<last>{_YEAR}|[0-9]{{2}}))?\b(?![.,/][0-9])"
)
_DATE_CUE = re.compile(
    r"(?<![a-z])(?:l'|le|les|du|au|aux|des|depuis|entre|vers|on|since|from|until|till|by|dated|date|between) ?$"
)
_MEASURE_WORDS = """
ta pa bp pas tas tension tensions pression pressure glasgow gcs score scores apgar eva evn evs en vas nas nrs nyha
note echelle scale cotation ratio rapport dose fraction acuite acuity
"""
_MEASURES = frozenset(_MEASURE_WORDS.split())
# What follows a ratio, a range or a measure, and no date.
_UNIT = re.compile(
    r" ?(?:mmhg|mm|cm|cp|comprime|tablet|pills?\b|des\b|de\b|d'|of\b|patients?\b|cas\b|cases?\b|jours?\b|days?\b|j\b|"
    r"semaines?\b|weeks?\b|mois\b|months?\b|ans?\b|years?\b|heures?\b|hours?\b|h\b|%|°|fois\b|times\b|m?g\b|kg\b|m?l\b)"
)
_MONTH_VERB = re.compile(r"(?<!\w)(?:(?P<before>[a-z]+) )?(?P<day>\d{1,2}) ?(?:may|march) (?=[a-z]|\d{1,3} ?[a-z])")
_DATE_WORDS = "on since from until till by the of dated between before after"
_BEFORE_DATE = frozenset(_DATE_WORDS.split())


def without_verbs(folded: str) -> str:
    """A folded text in which "may" and "march" between a number and other words are no months: "12 may need care"."""

    def plain(match: re.Match[str]) -> str:
        if match["before"] in _BEFORE_DATE:
            return match[0]
        return f"{match['before'] or ''} {match['day']} can "

    return _MONTH_VERB.sub(plain, folded)


class ToldDate(NamedTuple):
    """A date as a text tells it; what it leaves out is None."""

    day: int | None
    month: int | None
    year: int | None

    def fits_year(self, year: int) -> bool:
        """Whether the date may be of this year: it tells none, or this one, in four figures or two."""
        return self.year in (None, year) or (self.year is not None and self.year < 100 and self.year == year % 100)


def told_dates(folded: str) -> list[ToldDate]:
    """The dates of a folded text. Figures alone may be day and month, or month and day: both are returned."""
    found = []
    for match in _DATES.finditer(folded):
        told = {name: text.strip("'") for name, text in match.groupdict().items() if text is not None}
        number = {name: int(text) for name, text in told.items() if text.isdecimal()}
        years = ("year", "its_year", "year_of_month", "iso_year", "last")
        year = next((number[name] for name in years if name in number), None)
        words = ("month", "month_first", "month_alone")
        month = next((MONTH_OF[told[name]] for name in words if name in told), None)
        if month is not None:
            days = [number[name] for name in ("first", "day", "its_day") if name in number]
            found += [ToldDate(day, month, year) for day in days] or [ToldDate(None, month, year)]
        elif "other" in number:
            if year is None and not _is_day(folded, match):
                continue
            one, other = number["one"], number["other"]
            found += [ToldDate(one, other, year), ToldDate(other, one, year)]
        else:
            found.append(ToldDate(number.get("iso_day"), number.get("iso_month"), year))
    return found


def _is_day(folded: str, match: re.Match[str]) -> bool:
    """Whether two figures without a year are a date: "le 12/8", and not "TA 12/8", "2/3 des cas" or "2-3 jours"."""
    before = folded[: match.start()]
    if _DATE_CUE.search(before):
        return True
    words = re.findall(r"[a-z]+", re.split(r"[,;.!?\n]", before)[-1])[-3:]
    if not _MEASURES.isdisjoint(words) or _UNIT.match(folded, match.end()):
        return False
    return "/" in match[0] or (len(match["one"]), len(match["other"])) == (2, 2)
