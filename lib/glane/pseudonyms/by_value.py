"""What was found in the documents of a row, by value: a day as a date, a number as an integer, however written."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from glane.pseudonyms.checks import nir_key
from glane.pseudonyms.date_forms import month_numbered
from glane.pseudonyms.dates import as_date, dates, days_read
from glane.pseudonyms.detect import Told, kind_of, looked_for
from glane.pseudonyms.rows import moved
from glane.pseudonyms.squeezed import signs_of
from glane.pseudonyms.surrogates import Surrogates, filled
from glane.pseudonyms.words import folded
from glane.settings.pseudonymise import Kind

_LEAST_NUMBER = 5  # digits of a number that stands alone: shorter ones would be found in any column
_EXACT = 7  # digits that a float of 32 bits has
_LEAST_INSTANT = 10**7  # smaller numbers would be found in any column
_NUMBERS: frozenset[Kind] = frozenset({"nir", "card", "phone", "rpps", "finess", "identifier", "postcode"})
_DAYS: frozenset[Kind] = frozenset({"birth_date", "date"})
_NAMED_DAY = re.compile(
    r"(?<![a-z\d])(?:(?P<day>\d{1,2})(?:er)?[ .,/-]{0,2}(?P<name>[a-z]{3,9})\.?[ ,/-]{0,2}(?P<year>\d{4})"
    r"|(?P<name2>[a-z]{3,9})\.? ?(?P<day2>\d{1,2}),? ?(?P<year2>\d{4}))(?!\d)"
)  # as SAS and programs in English write them: 12MAR1951, March 12, 1951
_FRANCE = ZoneInfo("Europe/Paris")


@dataclass(frozen=True, slots=True)
class Day:
    """A date or an instant of a table, and to what it is precise: year, month, day, or None where nothing is said."""

    value: date
    precision: str | None = None


@dataclass(frozen=True, slots=True)
class Code:
    """One of the values that a task lets a field have."""

    value: str


class ByValue:
    """What was found in documents, and what stands in its place in values of any type."""

    def __init__(
        self, found: Sequence[tuple[str, Kind]], known: Iterable[str], made: Surrogates, *, days: Iterable[date] = ()
    ) -> None:
        """`found` are words of the documents, of which `made` are the surrogates; `known` is known of the person.

        `days` are dates beside the documents that are shifted with these.
        """
        self._made = made
        self._exact = set(found)
        self._days: dict[date, Kind] = {}
        self._months: dict[tuple[int, int], Kind] = {}
        self._digits: dict[str, tuple[str, str, Kind]] = {}  # as written: what is written instead; of which words
        for text, kind in (*found, *map(_of_person, known)):
            if kind in _DAYS:
                self._know_day(text, kind)
            elif kind in _NUMBERS and (digits := _only_digits(text)):
                for old, new in _ways(digits, _only_digits(made.of(text, kind)), kind):
                    self._digits.setdefault(old, (new, text, kind))
        for day in days:
            self._know_day(day.isoformat()[:10], "date")
        self._epochs = {number: value for day in self._days for number, value in _epochs(day, self._made.days)}
        self._singles = {_single(int(old)): more for old, more in self._digits.items() if len(old) > _EXACT}
        self._whole = {old.lstrip("0"): more for old, more in self._digits.items()}
        otherwise = [(old, kind) for old, (_, _, kind) in self._digits.items() if len(old) >= _LEAST_NUMBER]
        self._looked = looked_for([*found, *otherwise])

    @property
    def birth_days(self) -> tuple[str, ...]:
        """The birth dates that were found, as columns of dates write them."""
        return tuple(day.isoformat() for day, kind in self._days.items() if kind == "birth_date")

    def has_birth_date(self, text: str) -> bool:
        """Whether a text has a birth date that was found, where nothing says that it is one."""
        births = {day for day, kind in self._days.items() if kind == "birth_date"}
        return bool(births) and any(
            one.kind == "date" and not births.isdisjoint(days_read(text[one.start : one.end])[0]) for one in dates(text)
        )

    def _know_day(self, text: str, kind: Kind) -> None:
        days, month = days_read(text)
        if month is not None:
            self._months.setdefault(month, kind)
        for day in days:
            self._days.setdefault(day, kind)
            new = moved(day, None, self._made.days)
            for form in ("%d%m%Y", "%Y%m%d"):
                self._digits.setdefault(day.strftime(form), (new.strftime(form), text, kind))

    def told(self, text: str) -> list[Told]:
        """What to look for in a text that was taken from the documents, or stands beside them."""
        return [*self._looked, *self._named(text)]

    def _named(self, text: str) -> Iterator[Told]:
        """Days that were found, written with the name of their month as the rules do not read it."""
        for one in _NAMED_DAY.finditer(folded(text)):
            day, name, year = (one[part] or one[f"{part}2"] for part in ("day", "name", "year"))
            read = _day(year, month_numbered(name), day)
            if read is not None and (kind := self._days.get(read)) is not None:
                yield signs_of(one[0]), kind, False

    def of(self, told: str, kind: Kind) -> str:
        """What stands in the place of an identifier of a text: what stands there in the documents, however written."""
        known = None if (told, kind) in self._exact else self._digits.get(signs_of(told))
        if known is None:
            return self._made.of(told, kind)
        new, text, known_kind = known
        if known_kind in _NUMBERS and not new:  # marked: no digits are made
            return self._made.of(text, known_kind)
        return filled(told, new) if signs_of(told).isdigit() else self._made.of(told, kind)

    def of_day(self, one: Day) -> tuple[Day, Kind | None]:
        """A date, moved with those of the documents if it is one that was found there; and what it is."""
        value = one.value
        if one.precision == "year":
            return one, None
        if one.precision == "month":
            kind = self._months.get((value.year, value.month))
        else:
            kind = next((self._days[day] for day in _days_of(value) if day in self._days), None)
        if kind is None:
            return one, None
        return Day(moved(value, one.precision, self._made.days), one.precision), kind

    def of_number(self, value: float) -> tuple[float | str, Kind | None]:
        """A number, replaced if it is one that was found; a text where what stands for it is no number."""
        if value != value or value in (float("inf"), float("-inf")) or value != int(value):
            return value, None
        if (instant := self._epochs.get(int(value))) is not None:
            return type(value)(instant[0]), self._days[instant[1]]
        digits = str(int(value))
        known = self._whole.get(digits) if len(digits) >= _LEAST_NUMBER else None
        if known is None and isinstance(value, float) and (known := self._singles.get(value)) is not None:
            new, text, kind = known
            return (_single(int(new)) if new else self._made.of(text, kind)), kind
        if known is None:
            return value, None
        new, text, kind = known
        return (type(value)(int(new)) if new else self._made.of(text, kind)), kind


def _epochs(day: date, days: int) -> Iterator[tuple[int, tuple[int, date]]]:
    """A day as whole seconds, and parts of them, since 1970, as programs write instants; moved, and the day itself."""
    for zone in (UTC, _FRANCE):
        old, new = (
            int(datetime(one.year, one.month, one.day, tzinfo=zone).timestamp())
            for one in (day, moved(day, None, days))
        )
        for unit in (1, 10**3, 10**6, 10**9):
            if abs(old) * unit >= _LEAST_INSTANT:
                yield old * unit, (new * unit, day)


def _single(value: int) -> float:
    """A number as a column of floats of 32 bits rounds it."""
    return float(struct.unpack("f", struct.pack("f", value))[0])


def _of_person(value: str) -> tuple[str, Kind]:
    day = as_date(value)
    return (value, kind_of(value)) if day is None else (day.isoformat(), "birth_date")


def _ways(digits: str, new: str, kind: Kind) -> Iterator[tuple[str, str]]:
    """The ways in which a number is written, and what stands for each; without digits, what is made is no number."""
    ways = {digits: new}
    if kind == "phone" and (national := _national(digits)):
        ways |= {f"{before}{national}": new and f"{before}{new[-9:]}" for before in ("", "0", "33", "0033")}
    if kind == "nir" and len(digits) == 15:
        ways[digits[:13]] = new[:13]
    if kind == "nir" and len(digits) == 13:
        ways[f"{digits}{nir_key(digits):02d}"] = new and f"{new}{nir_key(new):02d}"
    short = digits.lstrip("0")
    if len(short) >= _LEAST_NUMBER:
        ways.setdefault(short, new[-len(short) :])
    yield from ways.items()


def _national(digits: str) -> str:
    """The nine digits of a French telephone number; nothing of another one."""
    found = re.fullmatch(r"(?:0|0?0?330?)([1-9]\d{8})", digits)
    return "" if found is None else found[1]


def _only_digits(text: str) -> str:
    """The digits of a number, nothing if letters are in it."""
    return "" if any(map(str.isalpha, text)) else re.sub(r"[^0-9]", "", text)


def _day(year: str, month: int | None, day: str) -> date | None:
    try:
        return None if month is None else date(int(year), month, int(day))
    except ValueError:
        return None


def _days_of(value: date) -> Iterable[date]:
    """The days that an instant may stand for: midnight in France is an hour or two of the day before, elsewhere."""
    if not isinstance(value, datetime):
        return (value,)
    try:
        here = (value if value.tzinfo is not None else value.replace(tzinfo=UTC)).astimezone(_FRANCE).date()
    except (OverflowError, ValueError):
        here = value.date()
    return (value.date(), here)
