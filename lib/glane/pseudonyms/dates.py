"""Dates in French texts: found, read, and written again in the same form some days later or earlier."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta

from glane.pseudonyms.date_forms import IN_ENGLISH, MONTHS, ONLY_ENGLISH, SEARCHED, WHOLE, month_numbered
from glane.pseudonyms.kinds import Found, Segment
from glane.pseudonyms.words import folded, is_before

_LISTED = re.compile(r"(\d+)(er)?")
_MIDDLE = 4  # day of the week by which a week is moved
_LEFT = re.compile(
    rf"\b(?:{'|'.join(map(folded, MONTHS))})\b|\b(?:semaine|sem\.?) (?:n ?° ?)?\d{{1,2}}\b|(?<!\w)s[0-5]\d\b(?!/)"
)
_OF_COLUMN = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)(?:[T ]00:00(?::00(?:\.0+)?)?)?"
    r"|(?P<day2>\d\d)/(?P<month2>\d\d)/(?P<year2>\d{4})"
)
_DOSES = re.compile(r" ?(?:ui|unites?|mg|ml|gouttes|gttes)\b")
_SCORE = re.compile(r"\bapgar\b[^\w\n]{0,3}(?:(?:de|a|est a|cote a)\b[^\w\n]{0,3})?$")
_BIRTH = re.compile(
    r"(?:\bnee?(?: ?\(e\))?(?: ?le)?|\bddn|\bd\.? ?d\.? ?n\.?|naissance|\bdate nais\w*\.?)(?: le)?[\s:|=(]*$"
)


def dates(text: str) -> Iterator[Found]:
    """The dates of a text, with or without a year or a day, in figures or with the month's name. Years alone are none.

    "12/03" is one only behind a word such as "le".
    """
    plain = folded(text)
    for pattern in SEARCHED:
        for found in pattern.finditer(plain):
            if _is_range(found) or _is_measured(plain, found):
                continue
            if _read(found, 2024) is not None or _is_of_no_calendar(found):
                is_birth = _BIRTH.search(plain[max(0, found.start() - 40) : found.start()])
                yield Found(*found.span(), "birth_date" if is_birth else "date")


def _is_range(found: re.Match[str]) -> bool:
    """Whether it is rather two years, as "2010-11" of a season."""
    parts = found.groupdict()
    is_month = parts.get("month") and parts.get("year") and "day" not in parts and found.end("month") == found.end()
    return bool(is_month) and int(parts["month"]) == int(parts["year"]) % 100 + 1


def _is_measured(plain: str, found: re.Match[str]) -> bool:
    """Whether three short numbers are rather doses of a day, as "10-8-12 UI", or a score, as "Apgar 9/10/10"."""
    parts = found.groupdict()
    if not parts.get("day") or len(parts.get("year") or "") != 2 or parts.get("name"):
        return False
    is_score = all(int(one) <= 10 for one in re.findall(r"\d+", found[0]))
    return _DOSES.match(plain, found.end()) is not None or (
        is_score and is_before(_SCORE, plain, found.start(), within=30)
    )


def _is_of_no_calendar(found: re.Match[str]) -> bool:
    """Whether it is written as a date and is none, as 31/04/2024 and 00/00/1951: it tells somebody all the same."""
    parts = found.groupdict()
    return bool(parts.get("day") and len(parts.get("year") or "") == 4 and (parts.get("sep") or "").strip())


def num_left(text: str, found: Iterable[Found | Segment]) -> int:
    """The months without a year and the weeks in a text that are none of its dates, and so are not shifted."""
    taken = [(one.start, one.end) for one in found]
    return sum(
        not any(start < one.end() and one.start() < end for start, end in taken) for one in _LEFT.finditer(folded(text))
    )


def shifted(text: str, *, days: int, year: int) -> str | None:
    """A date in the same form, `days` later; None if it is none. One without a year is of `year`.

    A month is shifted by its 15th day.
    """
    plain = folded(text)
    for pattern in WHOLE:
        found = pattern.fullmatch(plain)
        if found is not None and (read := _read(found, year)) is not None:
            return _written(found, text, read, timedelta(days))
    return None


def as_date(value: str) -> date | None:
    """A known value as a date, if it is one as columns of dates and French spreadsheets write them."""
    found = _OF_COLUMN.fullmatch(value.strip())
    if found is None:
        return None
    parts = {name: int(part) for name, part in found.groupdict().items() if part}
    try:
        year, month, day = (parts.get(name, parts.get(f"{name}2", 0)) for name in ("year", "month", "day"))
        return date(year, month, day)
    except ValueError:
        return None


def of_day(text: str, found: Found, day: date) -> bool:
    """Whether a date in a text, with its year, is a certain day; a year of two figures is of either century."""
    return day in days_read(text[found.start : found.end])[0]


def days_read(text: str) -> tuple[tuple[date, ...], tuple[int, int] | None]:
    """The days that a date may be, one for each century that it leaves open; or its year and month, if it has no day.

    Nothing of a week, of a date without a year, and of one that no calendar has.
    """
    plain = folded(text)
    for pattern in WHOLE:
        one = pattern.fullmatch(plain)
        if one is None or not (year := one.groupdict().get("year")):
            continue
        years = (int(year),) if len(year) == 4 else (1900 + int(year), 2000 + int(year))
        read = [found for found in (_read(one, 0, year=each) for each in years) if found is not None]
        if one.groupdict().get("week"):
            return (), None
        if one.groupdict().get("day"):
            return tuple(read), None
        return (), (read[0].year, read[0].month) if read else None
    return (), None


def latest_year(text: str) -> int | None:
    """The latest year that the dates of a text tell in four figures; None if they tell none."""
    plain = folded(text)
    years = [int(one["year"]) for pattern in SEARCHED[:4] for one in pattern.finditer(plain) if one["year"]]
    return max((year for year in years if year > 99), default=None)


def _read(found: re.Match[str], default: int, *, year: int | None = None) -> date | None:
    parts = found.groupdict()
    try:
        if parts.get("week"):
            return date.fromisocalendar(year or _year(parts.get("year"), default), int(parts["week"]), _MIDDLE)
        month = month_numbered(parts["name"]) or 0 if parts.get("name") else int(parts["month"])
        return date(year or _year(parts.get("year"), default), month, int(parts.get("day") or 15))
    except ValueError:
        return None


def _year(told: str | None, default: int) -> int:
    if not told:
        return default
    return int(told) if len(told) == 4 else int(told) + (2000 if int(told) < 50 else 1900)


def _written(found: re.Match[str], text: str, read: date, by: timedelta) -> str:
    """The text with each of its parts replaced by that of the shifted date."""
    new = read + by
    if found.groupdict().get("week"):
        year, week, _ = new.isocalendar()
        return _with(found, text, {"week": _figures(found, "week", week), "year": _figures(found, "year", year)})
    parts = {"day": _figures(found, "day", new.day), "year": _figures(found, "year", new.year)}
    if found.groupdict().get("name"):
        parts["name"] = _name(text[slice(*found.span("name"))], new.month)
    else:
        parts["month"] = _figures(found, "month", new.month)
    if firsts := found.groupdict().get("firsts"):
        parts["firsts"] = _LISTED.sub(lambda one: _listed(one, found, (_first(read, int(one[1])) + by).day), firsts)
    if found.groupdict().get("er"):
        parts["er"] = "er" * (new.day == 1)
    return _with(found, text, parts)


def _with(found: re.Match[str], text: str, parts: Mapping[str, str]) -> str:
    told = sorted((found.span(name), value) for name, value in parts.items() if found.groupdict().get(name))
    for (start_, end), value in reversed(told):
        text = text[:start_] + value + text[end:]
    return text


def _listed(one: re.Match[str], found: re.Match[str], day: int) -> str:
    """A day of those before the last one, in the same form."""
    is_natural = found.groupdict().get("name") and one[1][0] != "0"
    return f"{day:0{1 if is_natural else len(one[1])}d}{'er' * (day == 1 and bool(one[2]))}"


def _first(last: date, day: int) -> date:
    """The first day of "28 au 3 mars": of the month before, if its number is greater."""
    month = last if day <= last.day else last.replace(day=1) - timedelta(1)
    try:
        return month.replace(day=day)
    except ValueError:
        return last - timedelta((last.day - day) % 31)


def _figures(found: re.Match[str], part: str, value: int) -> str:
    told = found.groupdict().get(part)
    if not told:
        return ""
    is_natural = found.groupdict().get("name") and told[0] != "0" and part != "year" and not _is_joined(found)
    return f"{value % 10 ** max(2, len(told)):0{1 if is_natural else len(told)}d}"


def _is_joined(found: re.Match[str]) -> bool:
    """Whether it is written as machines do, 12-MAR-2024: a day has two figures there."""
    behind = found.string[found.end("day") : found.end("day") + 1]
    return not found.groupdict().get("er") and (behind.isalpha() or behind in "-–/.")


def _name(told: str, month: int) -> str:
    name = MONTHS[month - 1]
    if folded(told) in ONLY_ENGLISH:
        name = IN_ENGLISH[month - 1]
    elif folded(told) not in map(folded, MONTHS):
        name = name[: 3 if len(told) <= 3 and name[:3] != "jui" else 4]
    if told.isupper():
        return folded(name).upper()
    return name.capitalize() if told[:1].isupper() else name
