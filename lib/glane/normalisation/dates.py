"""Reads the only date of a text, relative or not: "hier soir", "depuis 48 h", "lundi dernier", "J-3", "3 mai 2024".

Strict: all figures and all words of time of a text must belong to one date. What is not understood has no date, and a
reason. A date counted in units is as precise as its unit, and one that is told "about" is one unit coarser.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from glane.normalisation.calendar import DAY_OF_WEEK, AbsoluteDate, Unreadable, absolute_dates, months_before, weekday
from glane.normalisation.figures import with_plain_numbers
from glane.task.normalising import Normalise
from glane.task.told_dates import MONTH
from glane.types import Language, NormalDate, Precision, Unread

Reference = datetime.date | datetime.datetime  # a datetime has a time of day

_UNITS: dict[str, tuple[str, Precision]] = {  # spellings, and how precise a date is that is counted in them
    "min": ("min|minutes?|mn", "minute"),
    "h": ("h|heures?|hours?|hrs?", "hour"),
    "d": ("j|jrs?|jours?|d|days?", "day"),
    "w": ("sem|semaines?|weeks?|wks?", "week"),
    "m": ("mois|months?", "month"),
    "y": ("ans?|annees?|years?|yrs?", "year"),
}
_COUNT = r"(?P<count>\d{1,4}|une?|an?)"
_UNIT = "|".join(f"(?P<{name}>{spellings})" for name, (spellings, _) in _UNITS.items())
_SPAN = rf"{_COUNT} ?(?:{_UNIT})(?![^\W_])"
_PART = r"(?: (?:matin|midi|soir|soiree|apres ?midi|aprem|morning|noon|afternoon|evening))?"
_SINCE = "il y a|y a|depuis|voila|cela fait|ca fait|since|for the last|for the past|for|x"
_BACK = _SPAN.replace("?P<", "?P<_")  # the same, with other names for its groups
_AGO = re.compile(rf"\b(?:(?:{_SINCE}) {_SPAN}(?: ago)?|{_BACK} ago)(?![^\W_])")
_IN = re.compile(rf"\b(?:dans|in) {_SPAN}")
_WORDS: tuple[tuple[str, int], ...] = (  # days from the reference
    (rf"avant ?hier{_PART}|(?:the )?day before yesterday", -2),
    (rf"hier{_PART}|yesterday{_PART}|last night", -1),
    (r"aujourd'? ?hui|ce jour|ce (?:matin|midi|soir)|cet (?:apres ?midi|aprem)", 0),
    (r"today|this (?:morning|afternoon|evening)|tonight", 0),
    (rf"apres ?demain{_PART}|(?:the )?day after tomorrow", 2),
    (rf"demain{_PART}|tomorrow{_PART}", 1),
)  # fmt: skip
_DAYS = re.compile("|".join(rf"(?P<w{at}>\b(?:{words})(?![^\W_]))" for at, (words, _) in enumerate(_WORDS)))
_FROM_DAY = re.compile(r"\b[jd] ?(?P<sign>[-+–]) ?(?P<days>\d{1,3})\b|\b[jd] ?0\b")
_LAST = re.compile(
    r"\b(?:la (?P<w>semaine) (?:derniere|passee)|le (?P<m>mois) (?:dernier|passe)"
    r"|l'(?P<y>an(?:nee)?) (?:derniere?|passee?)"
    r"|last (?:(?P<w_en>week)|(?P<m_en>month)|(?P<y_en>year)))\b"
)
_WEEKDAY = re.compile(
    rf"\b(?:(?P<since>depuis|since|des|from) )?(?:(?P<before>last|next|this) |le |ce )?(?P<day>{'|'.join(DAY_OF_WEEK)})"
    rf"(?: (?P<after>dernier|passe|prochain))?{_PART}(?![^\W_])"
)
_TIME = re.compile(
    r"\b(?:a|at|vers|about|around|,) ?(?P<hour>[01]?\d|2[0-3]) ?(?:h|heures?|:)(?: ?(?P<minute>[0-5]\d))?(?![^\W_])"
)
_ROUGHLY = re.compile(
    r"\b(?:environ|env\.?|a peu pres|approximativement|about|around|approximately|vers|circa)(?![^\W_])|[~≈]"
)
_PRECISIONS: tuple[Precision, ...] = ("minute", "hour", "day", "week", "month", "year")
# What is left of a text may have none of these: they are of another date, or turn the sense of this one.
_UNTOLD = re.compile(
    rf"\d|\b(?:{MONTH}|{'|'.join(DAY_OF_WEEK)}|avant|apres|before|after|until|till|jusque?|jusqu|pas|non|not|no|entre|between|debut|"
    r"fin|mi|milieu|early|late|end|mid|plusieurs|quelques|several|few|ou|or|plus|moins|more|less|over|chaque|tous|toutes|every|each|"
    r"lendemain|veille|recemment|recently|demie?|half|nuit|night|hier|demain|yesterday|today|tomorrow|semaines?|weeks?|weekend|"
    r"mois|months?|ans?|annees?|years?|jours?|days?|heures?|hours?|prochaine?|next|derniere?s?|last|noel|paques|christmas|easter)\b"
)


@dataclass(frozen=True, slots=True)
class _Asker:
    """What a date counts from, and how it is to be read."""

    reference: Reference | None
    asked: Normalise

    @property
    def day(self) -> datetime.date:
        """The day of the reference, on its own clock."""
        if self.reference is None:
            raise Unreadable(Unread.NO_REFERENCE)
        return self.reference.date() if isinstance(self.reference, datetime.datetime) else self.reference


def read_date(text: str, language: Language, asked: Normalise, reference: Reference | None) -> NormalDate:
    """Read the only date of a text. `reference` is what it counts from, if it is relative."""
    plain = with_plain_numbers(text, language)
    if plain is None:
        return NormalDate(reason=Unread.NOT_UNDERSTOOD)
    day_first = asked.day_first if asked.day_first is not None else (True if language == "fr" else None)
    asker = _Asker(reference, asked)
    time = _TIME.search(plain)
    plain = plain if time is None else f"{plain[: time.start()]} ; {plain[time.end() :]}"
    rough, plain = bool(_ROUGHLY.search(plain)), " ".join(_ROUGHLY.sub(" ", plain).split())
    try:
        found, rest = _all(plain, asker, day_first)
    except Unreadable as error:
        return NormalDate(reason=error.reason)
    except (OverflowError, ValueError):
        return NormalDate(reason=Unread.IMPOSSIBLE)
    if not found:
        return NormalDate(reason=Unread.NOT_UNDERSTOOD)
    if len({(one.date, one.time) for one in found}) > 1:
        return NormalDate(reason=Unread.SEVERAL)
    if _UNTOLD.search(rest):
        return NormalDate(reason=Unread.NOT_UNDERSTOOD)
    one = found[0]
    if time is not None:
        if one.precision != "day":
            return NormalDate(reason=Unread.NOT_UNDERSTOOD)
        clock = datetime.time(int(time["hour"]), int(time["minute"] or 0))
        is_about = rough or time[0].startswith(("vers", "about", "around"))
        return replace(one, time=clock, precision="minute" if time["minute"] and not is_about else "hour")
    return replace(one, precision=_coarser(one.precision)) if rough and one.precision else one


def _coarser(precision: Precision) -> Precision:
    return _PRECISIONS[min(_PRECISIONS.index(precision) + 1, len(_PRECISIONS) - 1)]


def _all(plain: str, asker: _Asker, day_first: bool | None) -> tuple[list[NormalDate], str]:
    """The dates of a text, and the text without them."""
    absolute, rest = absolute_dates(plain, day_first=day_first), plain
    found = [_absolute(told.value, asker, plain[: told.start]) for told in absolute]
    for told in reversed(absolute):
        rest = f"{rest[: told.start]} ; {rest[told.end :]}"
    readers: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], _Asker], NormalDate]], ...] = (
        (_FROM_DAY, _from_day), (_AGO, _ago), (_IN, _in), (_DAYS, _days), (_LAST, _last), (_WEEKDAY, _weekday),
    )  # fmt: skip
    for pattern, read in readers:
        found += [read(match, asker) for match in pattern.finditer(rest)]
        rest = pattern.sub(" ; ", rest)
    return found, rest


def _relative(day: datetime.date, precision: Precision, time: datetime.time | None = None) -> NormalDate:
    return NormalDate(date=day, time=time, precision=precision, origin="relative")


def _absolute(told: AbsoluteDate, asker: _Asker, before: str) -> NormalDate:
    direction = "past" if re.search(r"\b(?:depuis|since|des|il y a)(?: le)? ?$", before) else asker.asked.direction
    day, precision = told.on(asker.reference and asker.day, direction)
    return NormalDate(date=day, precision=precision, origin="absolute")


def _from_day(match: re.Match[str], asker: _Asker) -> NormalDate:
    days = int(match["days"] or 0) * (1 if match["sign"] == "+" else -1)
    return _relative(asker.day + datetime.timedelta(days), "day")


def _ago(match: re.Match[str], asker: _Asker) -> NormalDate:
    names = {name.removeprefix("_"): told for name, told in match.groupdict().items() if told is not None}
    return _counted(names, asker, -1)


def _in(match: re.Match[str], asker: _Asker) -> NormalDate:
    return _counted({name: told for name, told in match.groupdict().items() if told is not None}, asker, 1)


def _counted(names: dict[str, str], asker: _Asker, sign: int) -> NormalDate:
    count = int(names["count"]) if names["count"].isdecimal() else 1
    unit = next(name for name in _UNITS if name in names)
    precision = _UNITS[unit][1]
    day = asker.day
    if unit in ("min", "h"):
        return _hours(count if unit == "h" else count / 60, precision, asker, sign)
    if unit == "d":  # "huit jours" and "quinze jours" are a week and two
        return _relative(day + datetime.timedelta(sign * count), "week" if count in (8, 15) else precision)
    if unit == "w":
        return _relative(day + datetime.timedelta(sign * 7 * count), precision)
    return _relative(months_before(day, -sign * count * (12 if unit == "y" else 1)), precision)


def _hours(hours: float, precision: Precision, asker: _Asker, sign: int) -> NormalDate:
    reference = asker.reference
    if not isinstance(reference, datetime.datetime):
        if hours % 24:
            raise Unreadable(Unread.REFERENCE_TOO_COARSE)
        return _relative(asker.day + datetime.timedelta(sign * int(hours) // 24), "day")
    span = sign * datetime.timedelta(hours=hours)
    if reference.tzinfo is None:
        found = reference + span
    else:  # hours pass, whatever clocks do
        found = (reference.astimezone(datetime.UTC) + span).astimezone(reference.tzinfo)
    return _relative(found.date(), precision, found.time().replace(second=0, microsecond=0))


def _days(match: re.Match[str], asker: _Asker) -> NormalDate:
    days = next(days for at, (_, days) in enumerate(_WORDS) if match[f"w{at}"] is not None)
    return _relative(asker.day + datetime.timedelta(days), "day")


def _last(match: re.Match[str], asker: _Asker) -> NormalDate:
    if match["w"] or match["w_en"]:
        return _relative(asker.day - datetime.timedelta(7), "week")
    is_month = bool(match["m"] or match["m_en"])
    return _relative(months_before(asker.day, 1 if is_month else 12), "month" if is_month else "year")


def _weekday(match: re.Match[str], asker: _Asker) -> NormalDate:
    told = {match["before"], match["after"]}
    direction = asker.asked.direction
    if told & {"last", "dernier", "passe"} or match["since"]:
        direction = "past"
    elif told & {"next", "prochain"}:
        direction = "future"
    is_told = bool(told & {"last", "dernier", "passe", "next", "prochain"})
    return _relative(weekday(DAY_OF_WEEK[match["day"]], asker.day, direction, may_be_today=not is_told), "day")
