"""What a text shows: its words, its numbers in figures and in words, and its dates, for comparison with values.

French and English are read at once, as texts mix them. Number words are read by text2num.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Iterator
from functools import cached_property

from text_to_num import alpha2digit

from glane.boundaries import numbers, plain_numbers
from glane.task.fold import fold
from glane.task.told_dates import MONTH, ToldDate, told_dates, without_verbs

_GROUPED = re.compile(r"\d{1,3}(?:[.,]\d{3})+")  # 1.234, and in English 1,234
_WORD = re.compile(r"[^\W\d_]+")
_DEGREES = re.compile(r"(?<=\d) ?° ?(?=\d)")  # 38°5
# A time in figures, with its unit as it begins; "M" and "m" are months in notes on infants.
_DURATION = re.compile(
    r"(?<!\d)(\d{1,9}(?:[.,]\d{1,9})?) ?(h|j|d|s|w|m|a|y)(?:\b|eure|our|em|ay|eek|ois|onth|n\b|ns\b|ear)"
)
_CAPITAL_MONTH = re.compile(r"\b(?:M[aA][yY]|M[aA][rR][cC][hH])\b")
_POWER = re.compile(
    r"(?<![\d.,])(?:(\d{1,9}(?:[.,]\d{1,9})?) ?[x×*·] ?)?10"
    r"(?:\^(-?\d{1,2})|([⁺⁻+-]?[⁰¹²³⁴⁵⁶⁷⁸⁹]{1,2}))(?![\d⁰¹²³⁴⁵⁶⁷⁸⁹])"
)
_RAISED = str.maketrans("⁺⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "+-0123456789")
_PART = re.compile(r"(\d{0,9})([½¼¾⅓⅔⅛])")
# The unit in which people count again what a text tells in another: "48 h" are 2 days.
_RETOLD = {"h": "d", "w": "d", "s": "d", "m": "y", "y": "m", "a": "m"}
_DAYS = {"h": 1 / 24, "j": 1.0, "d": 1.0, "s": 7.0, "w": 7.0, "m": 30.4375, "a": 365.25, "y": 365.25}
_OF_DATE = r"(?:[0-3]?\d)(?:er|st|nd|rd|th)?"
# The day and month of a date are no numbers of anything else; its year may be a value.
_DATE = re.compile(
    rf"\b{_OF_DATE} ?(?:of )?(?=(?:{MONTH})\b)|(?<=[a-z] ){_OF_DATE}(?=,? (?:19|20)\d\d\b)"
    r"|\b[0-3]?\d[/.-][01]?\d(?=[/.-](?:19|20)?\d\d\b)|(?<=(?:19|20)\d\d)-[01]\d-[0-3]\d\b"
)
_POWERS = re.compile(r"(?<!\d)(\d{1,9}(?:[.,]\d{1,9})?) ?(mille|thousand|million|milliard|billion)")
_POWER_OF = {"mille": 1e3, "thousand": 1e3, "million": 1e6, "milliard": 1e9, "billion": 1e9}
_ABOUT = {
    "dizaine": 10, "douzaine": 12, "dozen": 12, "quinzaine": 15, "vingtaine": 20, "trentaine": 30, "quarantaine": 40,
    "cinquantaine": 50, "soixantaine": 60, "centaine": 100, "millier": 1000, "paire": 2, "couple": 2, "pair": 2,
}  # fmt: skip
# Days that a word counts back from the day of writing.
_AGO = {
    "aujourd": 0,
    "matin": 0,
    "jour": 0,
    "soir": 0,
    "today": 0,
    "morning": 0,
    "tonight": 0,
    "hier": 1,
    "veille": 1,
    "yesterday": 1,
}
_ZERO_WORDS = """
aucun aucune pas point sans ni nul nulle jamais personne nie nient zero
no not none nil without never neither nobody denies denied
"""
_ONE_WORDS = """
un une l a an one le la the ce cet cette son sa mon ma this his her my single seul seule unique
"""
# Words that tell a date by another one. Which date they mean is not in the quote.
_RELATIVE_WORDS = """
hier demain veille lendemain aujourd jour matin midi soir nuit soiree semaine mois depuis dernier derniere
prochain prochaine passe passee meme ce heures noel paques lundi mardi mercredi jeudi vendredi samedi dimanche
yesterday today tonight tomorrow day days morning noon evening night week weeks month months last next
previous ago since same this hours monday tuesday wednesday thursday friday saturday sunday
"""
_HOUR_WORDS = "midi minuit noon midnight demie quart half quarter"
_ZERO, _ONE, _RELATIVE, _HOURS = (
    frozenset(words.split()) for words in (_ZERO_WORDS, _ONE_WORDS, _RELATIVE_WORDS, _HOUR_WORDS)
)
_MIN_STEM = 4  # letters
_PLURAL_ENDINGS = """
s es e x ed ing ly d ne nne
"""
_OTHER_ENDINGS = """
ien ienne iens iennes en enne ens ennes an ian ese ish ais aise ois oise ies y al aux e es s
"""
_PLURALS, _ENDINGS = frozenset(_PLURAL_ENDINGS.split()), frozenset(_OTHER_ENDINGS.split())
_SHORTENED = 2  # letters of a word that its other forms may not have


class Wording:
    """The words and numbers of a text. Each part is read when it is first needed."""

    def __init__(self, text: str) -> None:
        self._text = text.encode(errors="replace").decode()  # text2num takes no lone surrogates

    @cached_property
    def _folded(self) -> str:
        return fold(self._text)

    @cached_property
    def _spelled(self) -> list[str]:
        """The text, and the text with the number words of each language in figures."""
        text = _DEGREES.sub(",", self._text)
        plain = " ".join(text.replace("-\n", "-").split()).lower()
        return [text, alpha2digit(plain, "fr", 0), alpha2digit(plain.replace("-", " "), "en", 0)]

    @cached_property
    def numbers(self) -> frozenset[float]:
        """Its numbers, in any notation: "1,234" is 1234 and 1.234; "vingt-deux" is 22."""
        return frozenset(figure for text in self._spelled for figure in _figures(text))

    @cached_property
    def _words(self) -> list[str]:
        return _WORD.findall(fold(self._text.replace("-", " ")))

    @cached_property
    def _single(self) -> frozenset[str]:
        """Its words, and what they are without an "s" at the end."""
        return frozenset(self._words).union(word.removesuffix("s") for word in self._words)

    def _counted(self, units: frozenset[str] | None) -> set[int]:
        """Its durations in other units, as whole numbers: "20 mois" is 1 year, "48 h" and "avant-hier" are 2 days.

        `units` are those that a value may have (h, d, w, m, y); None for those in which people count durations again.
        """
        is_before = "avanthier" in self._folded
        is_of_days = units is None or "d" in units
        found = {_AGO[word] + (is_before and word == "hier") for word in self._words if word in _AGO and is_of_days}
        for figure, unit in _DURATION.findall(fold(" ".join(self._spelled))):
            days = float(figure.replace(",", ".")) * _DAYS[unit]
            for wanted in (_RETOLD.get(unit, "d"),) if units is None else units:
                found |= {int(days / _DAYS[wanted]), round(days / _DAYS[wanted])}
        return found

    @cached_property
    def _amounts(self) -> frozenset[float]:
        """Its numbers, without days and months of dates."""
        found: set[float] = set()
        for text in self._spelled:
            plain = _DATE.sub(" ", self._without_verbs(fold(text)))
            found.update(_figures(plain))
            for figure, power in _POWERS.findall(plain):
                found.add(float(figure.replace(",", ".")) * _POWER_OF[power])
        return frozenset(found)

    def _without_verbs(self, folded: str) -> str:
        """A month has a capital in English: only in its absence "may" and "march" can be verbs."""
        return folded if _CAPITAL_MONTH.search(self._text) else without_verbs(folded)

    def has_number(self, value: float, units: frozenset[str] | None = None) -> bool:
        """Whether a number is there, or a duration in another unit. Zero may be a negation, one may be an article.

        `units` are those of the value (h, d, w, m, y): none if it is no duration, None if that is not known.
        """
        if (
            abs(value) in self._amounts
            or value in self._counted(units)
            or any(_ABOUT.get(word) == value for word in self._single)
        ):
            return True
        words = {0: _ZERO, 1: _ONE}.get(int(value)) if value in (0, 1) else None
        return words is not None and not self._amounts - {value} and not words.isdisjoint(self._words)

    def has_words(self, value: str) -> bool:
        """Whether a value is there as it stands, or each of its words in one of its forms ("Algérie", "algérien")."""
        if self.has_as_written(value):
            return True
        wanted = _WORD.findall(fold(value.replace("-", " ")))
        if not all(any(_is_form(word, shown) for shown in self._words) for word in wanted):
            return False
        figures = set(_figures(value))
        return bool(wanted or figures) and figures <= self.numbers

    def has_as_written(self, value: str) -> bool:
        """Whether a value stands there, but for case, accents and spaces; not as a part of a word or number."""
        wanted = fold(value).strip()
        if not wanted:
            return False
        before = r"(?<![^\W_])" if wanted[0].isalnum() and wanted[0].isascii() else ""
        after = r"(?![^\W_]|[.,]\d)" if wanted[-1].isalnum() and wanted[-1].isascii() else ""
        return re.search(before + re.escape(wanted) + after, self._folded) is not None

    def has_word(self, value: str) -> bool:
        """Whether a value is a word of the text, in the same letters: "F", "M"."""
        return re.search(rf"(?<![^\W_]){re.escape(value)}(?![^\W_])", self._text) is not None

    @property
    def denies(self) -> bool:
        """Whether the text has a negation."""
        return not _ZERO.isdisjoint(self._words) or "non" in self._words

    @cached_property
    def _dates(self) -> list[ToldDate]:
        return told_dates(self._without_verbs(self._folded))

    def has_date(self, day: datetime.date, precision: str | None) -> bool | None:
        """Whether a date is there, up to its precision (year, month or day). The quote may leave out the year.

        None if there is no date, but words that tell one by another ("depuis lundi", "yesterday").
        """
        if precision == "year":
            is_there = day.year in self.numbers or any(one.fits_year(day.year) for one in self._dates if one.year)
        elif precision == "month":
            is_there = any(one.month == day.month and one.fits_year(day.year) for one in self._dates)
        else:
            is_there = any(
                (one.day, one.month) == (day.day, day.month) and one.fits_year(day.year) for one in self._dates
            )
        if is_there:
            return True
        return None if not self._dates and not _RELATIVE.isdisjoint(self._single) else False

    def has_time(self, time: datetime.time) -> bool | None:
        """Whether a time of day is there, in 24 or 12 hours. None if it may be in words: "midi"."""
        if not self.numbers or not _HOURS.isdisjoint(self._words):
            return None
        hours = {time.hour, time.hour % 12 or 12}
        return not hours.isdisjoint(self.numbers) and (time.minute == 0 or time.minute in self.numbers)


def _is_form(word: str, shown: str) -> bool:
    """Whether two words are forms of one: they differ in an ending of number, gender, verb or origin."""
    if word == shown:
        return True
    if len(word) < _MIN_STEM:
        return shown == f"{word}s"
    if shown.startswith(word) and shown[len(word) :] in _PLURALS:
        return True
    stem = word[: max(_MIN_STEM, len(word) - _SHORTENED)]
    return shown.startswith(stem) and (shown[len(stem) :] in _ENDINGS or f"{shown}s" == word)


def _figures(text: str) -> Iterator[float]:
    for match in _POWER.finditer(text):
        exponent = int(match[2] or match[3].translate(_RAISED))
        yield float((match[1] or "1").replace(",", ".")) * 10.0**exponent
    text = _POWER.sub(lambda match: " " * len(match[0]), text)
    plain = plain_numbers(text)
    for start, end in numbers(text):
        if "²" not in plain[start:end]:
            yield from _readings(plain[start:end])
        elif (part := _PART.fullmatch(text, start, end)) is not None:
            yield int(part[1] or 0) + unicodedata.numeric(part[2])
        # Any other raised figure is a power or the number of a note: nobody can tell.


def _readings(figure: str) -> Iterator[float]:
    """The numbers that a figure can be read as: "1,234" is 1234 or 1.234, and "1 234,5" only 1234.5."""
    figure = figure.replace(" ", "").replace("'", "")
    if _GROUPED.fullmatch(figure):
        yield float(re.sub("[.,]", "", figure))
    whole, sign, decimals = figure.replace(",", ".").rpartition(".")
    if decimals:
        yield float(f"{whole.replace('.', '')}{sign}{decimals}")
