"""What was taken from documents, replaced as these are: values, and passages with the places where they stand."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from itertools import chain, count, islice

from glane.errors import DataError, where
from glane.pseudonyms.by_value import ByValue, Code, Day
from glane.pseudonyms.detect import Told, identifiers, kind_of, places_known, places_told
from glane.pseudonyms.key import Key, read_key
from glane.pseudonyms.kinds import Found
from glane.pseudonyms.offsets import Offsets
from glane.pseudonyms.processes import each_done
from glane.pseudonyms.replace import Pseudonymised, surrogates_of, with_surrogates
from glane.pseudonyms.rows import manner_of
from glane.pseudonyms.squeezed import Squeezed
from glane.pseudonyms.surrogates import Manner
from glane.settings.pseudonymise import AskedPseudonyms, Kind

Value = str | int | float | Day | Code  # what a cell of a table holds
_ESCAPED = re.compile(r"\\u(00[c-f][0-9a-f]|01[0-7][0-9a-f])", re.IGNORECASE)  # letters with accents, in JSON
_BATCH = 64  # rows that a process is given at once


@dataclass(frozen=True, slots=True)
class Coded:
    """What a code is, if it is something that was found in the documents of its row."""

    kind: Kind | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A passage of a document: [start, end) of its text, or nowhere."""

    document: str
    start: int | None
    end: int | None
    quote: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A row: its documents, whose they are, what is known of that person, and what was taken from them."""

    person: str
    known: tuple[str, ...]
    texts: Mapping[str, str]  # of its documents, by their ids
    values: tuple[Value, ...]
    passages: tuple[Passage, ...]
    days: tuple[date, ...] = ()  # beside its documents, that are shifted with these


@dataclass(frozen=True, slots=True, kw_only=True)
class Replaced:
    """The same, replaced, in the same order; and how much of each kind was, in documents and values.

    A number becomes a text where what stands for it is none, and a code the kind of what was found in it.
    """

    texts: Mapping[str, str]
    values: tuple[Value | Coded, ...]
    passages: tuple[Passage, ...]
    counts: Counter[str] = field(default_factory=Counter)


def replaced(one: Taken, *, key: Key, manner: Manner, keep: Sequence[Kind]) -> Replaced:
    """Replace the identifiers of a row. What is found in a document is found in all that was taken from the row's."""
    return _Row(one, key, manner, keep).done()


class _Row:
    def __init__(self, one: Taken, key: Key, manner: Manner, keep: Sequence[Kind]) -> None:
        self._one, self._keep, self._oldest_age = one, keep, manner.oldest_age
        self._made = made = surrogates_of("\n".join(one.texts.values()), key=key, person=one.person, manner=manner)
        first = {name: self._found(text, one.known) for name, text in one.texts.items()}
        told = [(one.texts[name][place.start : place.end], place.kind) for name in first for place in first[name]]
        known = [value for value in one.known if value.strip() and kind_of(value) not in keep]
        self._by_value = ByValue(told, known, made, days=one.days)
        self._known = (*one.known, *self._by_value.birth_days)
        self._texts = {name: self._again(text, first[name]) for name, text in one.texts.items()}
        self._counts = Counter[str](segment.kind for text in self._texts.values() for segment in text.segments)

    def _found(self, text: str, known: Iterable[str], told: Iterable[Told] = ()) -> list[Found]:
        return identifiers(text, known=known, keep=self._keep, oldest_age=self._oldest_age, told=told)

    def _again(self, text: str, found: list[Found]) -> Pseudonymised:
        """A document: a birth date that it tells once, and what the row's others tell, is found in it, too."""
        if len(self._one.texts) > 1:
            found = self._found(text, self._known, self._by_value.told(text))
        elif "date" in self._keep and self._by_value.has_birth_date(text):
            found = self._found(text, self._known)
        return with_surrogates(text, found, self._made, of=self._by_value.of)

    def done(self) -> Replaced:
        """The row, replaced."""
        one = self._one
        values, passages = tuple(map(self._value, one.values)), tuple(map(self._passage, one.passages))
        return Replaced(
            texts={name: text.text for name, text in self._texts.items()}, values=values, passages=passages,
            counts=self._counts,
        )  # fmt: skip

    def _text(self, text: str) -> str:
        plain = _ESCAPED.sub(lambda one: chr(int(one[1], 16)), text)
        places = self._found(plain, self._known, self._by_value.told(plain))
        if not places:
            return text
        self._counts.update(place.kind for place in places)
        return with_surrogates(plain, places, self._made, of=self._by_value.of).text

    def _value(self, value: Value) -> Value | Coded:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Code):
            return Coded(self._code(value.value))
        new, kind = self._by_value.of_day(value) if isinstance(value, Day) else self._by_value.of_number(value)
        self._counts.update([] if kind is None else [kind])
        return new

    def _code(self, code: str) -> Kind | None:
        squeezed = Squeezed(code)
        places = [*places_told(squeezed, self._by_value.told(code)), *places_known(squeezed, self._known)]
        return next((place.kind for place in places if place.kind not in self._keep), None)

    def _passage(self, passage: Passage) -> Passage:
        """The passage in the replaced text, where it stands in one; else its words as a value."""
        text = self._texts.get(passage.document)
        if text is None or passage.start is None or passage.end is None:
            quote = None if passage.quote is None else self._text(passage.quote)
            return Passage(document=passage.document, start=None, end=None, quote=quote)
        start, end = Offsets(text.segments).pseudonymised(passage.start, passage.end)
        quote = None if passage.quote is None else text.text[start:end]
        return Passage(document=passage.document, start=start, end=end, quote=quote)


def each_replaced(rows: Iterable[Taken], told: AskedPseudonyms, key: Key) -> Iterator[Replaced]:
    """Replace rows in as many processes as asked, in order.

    Raises:
        DataError: if the rules fail: nothing of that may leave.
    """
    if told.processes == 1:
        for number, row in enumerate(rows, 1):
            yield _one(row, number, told, key)
        return
    start = partial(_begin, told)  # each process reads the key by itself: it is passed to nobody
    waiting = iter(rows)
    parts = zip(count(1, _BATCH), iter(lambda: tuple(islice(waiting, _BATCH)), ()))  # with the first row's number
    yield from chain.from_iterable(each_done(_of_process, parts, processes=told.processes, begin=start))


_PROCESS: dict[str, tuple[AskedPseudonyms, Key]] = {}  # what a process of the pool was begun with


def _begin(told: AskedPseudonyms) -> None:
    _PROCESS["told"] = (told, read_key(file=told.key_file, command=told.key_command))


def _of_process(part: tuple[int, Sequence[Taken]]) -> list[Replaced]:
    (first, rows), (told, key) = part, _PROCESS["told"]
    return [_one(row, number, told, key) for number, row in enumerate(rows, first)]


def _one(row: Taken, number: int, told: AskedPseudonyms, key: Key) -> Replaced:
    try:
        return replaced(row, key=key, manner=manner_of(told), keep=told.kept_kinds)
    except Exception as error:
        raise DataError(
            f"pseudonyms: the rules failed in row {number} ({where(error)}), and nothing is written. Please report it, "
            "without the text; data.where of a run leaves a row out."
        ) from None
