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
            one, other = number["one"], number["other"]
            found += [ToldDate(one, other, year), ToldDate(other, one, year)]
        else:
            found.append(ToldDate(number.get("iso_day"), number.get("iso_month"), year))
    return found
