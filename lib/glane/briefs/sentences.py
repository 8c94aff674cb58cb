"""The sentence of a figure: made of its measure and its value alone, so that it cannot say anything else.

A word of trend stands in it only where the test of a change finds one, and no word of cause ever does.
"""

from __future__ import annotations

import datetime
import re

from glane.assess.estimate.notes import briefly
from glane.assess.pages.page import decimal
from glane.assess.rounding import count_digits, downwards, outward
from glane.briefs.record import Days, Measure, Value
from glane.briefs.sentence_words import MONTHS, SENTENCES
from glane.types import Language


def sentence(measure: Measure, value: Value, language: Language, *, alpha: float) -> str:
    """What a measure says, in one sentence.

    Args:
        measure: What is measured.
        value: What came out.
        language: Of the sentence.
        alpha: Of the test behind a word of trend.
    """
    return _Sentence(measure, value, language, alpha).text()


def days_text(days: Days, language: Language) -> str:
    """A period in words: `du 5 au 11 janvier 2026`."""
    words = SENTENCES[language]
    if days.first == days.last:
        return words["on"].format(day=_day(days.last, language))
    same_year, same_month = days.first.year == days.last.year, days.first.month == days.last.month
    first = _day(days.first, language, month=not (same_year and same_month), year=not same_year)
    return words["from_to"].format(first=first, last=_day(days.last, language))


def _day(day: datetime.date, language: Language, *, month: bool = True, year: bool = True) -> str:
    number = "1er" if language == "fr" and day.day == 1 else str(day.day)
    parts = [number, MONTHS[language][day.month - 1] if month else "", str(day.year) if year else ""]
    return " ".join(filter(None, parts))


class _Sentence:
    """One sentence in one language."""

    def __init__(self, measure: Measure, value: Value, language: Language, alpha: float) -> None:
        self._measure, self._value, self._language, self._alpha = measure, value, language, alpha

    def text(self) -> str:
        body = {"count": self._count, "share": self._share, "rate": self._rate, "ratio": self._ratio}.get(
            self._measure.kind, self._median
        )()
        told = self._lead() + self._say("colon") + body
        if self._language == "fr":
            told = re.sub(r" (?=[:;%»])|(?<=«) ", "\u00a0", told)  # not to be broken before these signs
        return f"{told[0].upper()}{told[1:]}."

    def _say(self, key: str, **values: object) -> str:
        return SENTENCES[self._language][key].format(**values)

    def _lead(self) -> str:
        one, parts = self._measure, []
        if one.period is not None:
            parts.append(days_text(one.period, self._language))
        if one.place is not None:
            parts.append(self._place())
        if one.by is not None:
            name = re.sub('["«»“”]', "'", " ".join((one.group or "").split()))  # no value ends its own quotation
            parts.append(self._say("group", column=one.by, name=name))
        if one.subset is not None:
            parts.append(one.subset.of(self._language))
        return ", ".join(parts) or self._say("all")

    def _place(self) -> str:
        place = self._measure.place
        assert place is not None
        return self._say(place.level or "place", value=place.value, name=place.name, column=place.column)

    def _count(self) -> str:
        digits = count_digits(self._value.value)
        num = self._units(self._value.value, digits)
        told = self._in_brackets(self._interval(0), self._unknown(), self._basis())
        return self._say("count", num=num, label=self._label()) + told

    def _share(self) -> str:
        one = self._value
        share = "–" if one.value is None else self._percent(100 * one.value)
        whole = self._units(one.documents)
        if self._measure.whole is not None:
            whole = self._say("whole", num=whole, label=self._measure.whole.of(self._language))
        counted = self._counted(one.documents)
        num = self._number(counted, count_digits(counted))
        told = self._say("share", num=num, whole=whole, share=share, label=self._label())
        return told + self._in_brackets(self._interval(1, times=100), self._unknown(), self._basis(times=100))

    def _rate(self) -> str:
        one, asked = self._value, self._measure
        people, per = float(asked.people or 1), float(asked.per or 1)
        counted = self._counted(people / per)
        told = self._say(
            "rate", rate=self._units(one.value, 2), label=self._label(), per=self._noun(per, "inhabitant"),
            num=self._units(counted, count_digits(counted)), people=self._noun(people, "inhabitant"),
            source=asked.source,
        )  # fmt: skip
        return told + self._in_brackets(self._interval(2), self._unknown(), self._basis(digits=2))

    def _counted(self, whole: float) -> float | None:
        """How many are counted; if that is corrected, what the corrected figure makes of the whole."""
        one = self._value
        if one.reviewed is None:
            return one.counted
        return None if one.value is None else one.value * whole

    def _ratio(self) -> str:
        one, asked = self._value, self._measure
        ratio = self._say("undefined") if one.value is None else self._number(one.value, 2)
        told = self._say(
            self._trend(), units=self._say(f"{asked.unit}s"), label=self._label(), ratio=ratio,
            why=self._say(self._why_not() or "incomplete"),
        )  # fmt: skip
        p = "" if one.p is None else self._say("test", p=self._p(one.p))
        assert asked.before is not None
        against = self._say(
            "against", num=self._number(one.counted), whole=self._units(one.documents),
            before=self._number(one.before), whole_before=self._units(one.documents_before),
            period=days_text(asked.before, self._language),
        )  # fmt: skip
        return told + self._in_brackets(self._interval(2), p, against, self._basis(), partial=False)

    def _trend(self) -> str:
        """Which word of trend the test allows."""
        one = self._value
        if self._why_not():
            return "not_judged"
        if one.p is None or one.p >= self._alpha:
            return "unchanged"
        return "rise" if one.value is None or one.value > 1 else "fall"

    def _why_not(self) -> str:
        """Why a change is not judged; empty if it is."""
        one = self._value
        told = {
            "drifted": one.is_drifted, "empty": not one.documents or not one.documents_before,
            "mixed": one.is_mixed, "incomplete": one.is_incomplete,
        }  # fmt: skip
        return next((name for name, holds in told.items() if holds), "")

    def _median(self) -> str:
        one, asked = self._value, self._measure
        assert asked.field_unit is not None
        if one.value is None:
            return self._say("no_median", label=self._label()) + self._in_brackets(self._basis())
        unit = asked.field_unit.of(self._language)
        value, num = self._short(one.value), self._units(one.counted)
        told = self._say("median", label=self._label(), value=value, unit=unit, num=num)
        return told + self._in_brackets(self._interval(None), self._basis())

    def _label(self) -> str:
        return self._measure.label.of(self._language)

    def _units(self, num: float | None, digits: int = 0) -> str:
        """A number with the noun that it counts."""
        return self._noun(num, self._measure.unit, digits)

    def _noun(self, num: float | None, noun: str, digits: int = 0) -> str:
        """A number with a noun: French has the plural from two on, English but for one."""
        shown = num is not None and round(num, digits)
        is_one = num is not None and (shown < 2 if self._language == "fr" else shown == 1)
        return f"{self._number(num, digits)} {self._say(noun if is_one else f'{noun}s')}"

    def _percent(self, value: float) -> str:
        """A percentage with a decimal. What is not none is not told as none, nor what is not all as all."""
        shown = round(value, 1)
        if value > 0 and not shown:
            return self._say("less_than", num=self._number(0.1, 1))
        if value < 100 and shown == 100:
            return self._say("more_than", num=self._number(99.9, 1))
        return self._number(value, 1)

    def _unknown(self) -> str:
        one = self._value
        if not one.unknown:
            return ""
        return self._say("unknown", num=self._number(one.unknown), whole=self._units(one.documents))

    def _interval(self, digits: int | None, *, times: float = 1) -> str:
        low, high = self._value.low, self._value.high
        if low is None:
            return ""
        level = self._short(100 * self._measure.level)
        ends = {name: times * one for name, one in (("low", low), ("high", high)) if one is not None}
        if digits is not None:  # those of a median are values of documents
            ends = (
                dict(zip(ends, outward(low * times, high * times, digits), strict=True))
                if high is not None
                else {"low": downwards(low * times, digits)}
            )
        told = {name: self._shown(end, digits) for name, end in ends.items()}
        return self._say("interval" if len(told) == 2 else "open_interval", level=level, **told)

    def _basis(self, *, times: float = 1, digits: int | None = None) -> str:
        one = self._value
        if one.reviewed is None:
            return self._with_notes(self._say("model"))
        model = "–" if one.model is None else self._shown(times * one.model, 1 if times != 1 else digits)
        sign = "" if times == 1 else " %" if self._language == "fr" else "%"
        told = {"reviewed": self._noun(one.reviewed, "reviewed"), "model": model + sign}
        if one.reviewed_here in (None, one.reviewed):
            return self._with_notes(self._say("corrected", **told))
        here, whole = self._number(one.reviewed_here), self._number(one.documents)
        return self._with_notes(self._say("corrected_elsewhere", here=here, whole=whole, **told))

    def _with_notes(self, basis: str) -> str:
        """What a figure rests on, with what is said of its review."""
        note = self._value.note
        told = briefly(note, self._language) if note is not None else []
        return (" ; " if self._language == "fr" else "; ").join([basis, *told])

    def _in_brackets(self, *parts: str, partial: bool = True) -> str:
        told = [*parts, self._say("partial")] if partial and self._value.is_incomplete else list(parts)
        return (
            f" ({' ; '.join(filter(None, told))})" if self._language == "fr" else f" ({'; '.join(filter(None, told))})"
        )

    def _p(self, p: float) -> str:
        return self._say("below") if p < 0.001 else f"= {self._number(p, 3)}"

    def _shown(self, value: float, digits: int | None) -> str:
        return self._short(value) if digits is None else self._number(value, digits)

    def _short(self, value: float) -> str:
        return self._number(value, 0 if float(value).is_integer() else 1)

    def _number(self, value: float | None, digits: int = 0) -> str:
        return decimal(None if value is None else round(value, digits) + 0.0, self._language, digits=digits)
