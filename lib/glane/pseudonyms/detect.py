"""The identifiers of a text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import chain

from glane.pseudonyms.composed import Composed, composed
from glane.pseudonyms.dates import as_date, dates, of_day
from glane.pseudonyms.kinds import Found, without_overlaps
from glane.pseudonyms.names import names
from glane.pseudonyms.patterns import numbers
from glane.pseudonyms.places import places
from glane.pseudonyms.squeezed import Squeezed, signs_of
from glane.pseudonyms.tokens import PARTICLES
from glane.pseudonyms.words import is_common
from glane.settings.pseudonymise import Kind

_AGE = re.compile(r"(?<![\d.,/])(?P<age>\d{2,3})(?= ?(?:ans\b|ANS\b|A\b|a\b))")
_WORD_OF_NAME = re.compile(
    rf"(?:(?:{'|'.join(sorted(PARTICLES))})(?:[ \u00a0]+|['’]))*[^\s,;/]+(?:(?<=[-‐‑])[ \t]*\r?\n[ \t]*[^\s,;/]+)*",
    re.IGNORECASE,
)
Told = tuple[str, Kind, bool]  # letters and digits, what it is, and whether it is an ordinary word
_LEAST_NUMBER, _LEAST_WORD = 5, 4  # letters and digits of a known number, and of a name that is an ordinary word


def identifiers(
    text: str, *, known: Iterable[str] = (), keep: Collection[Kind] = (), oldest_age: int | None = None,
    told: Iterable[Told] = (),
) -> list[Found]:  # fmt: skip
    """The identifiers of a French text, each place once, in order.

    Args:
        text: Of a document.
        known: Names and numbers that are known to belong to the person: they are found wherever they stand.
        keep: Kinds that are left as they are.
        oldest_age: Ages above it are identifiers; None: no age is.
        told: What was found in the document that this text was taken from: it is found here in any case.
    """
    given = Composed(text)
    text, known = given.text, [composed(one) for one in known if one.strip()]
    found = [*numbers(text), *dates(text), *places(text), *names(text, known=known), *places_known(text, known)]
    found += places_told(text, told)
    if oldest_age is not None:
        found += [Found(*one.span("age"), "age") for one in _AGE.finditer(text) if int(one["age"]) > oldest_age]
    return [given.given(one) for one in without_overlaps(found, text) if one.kind not in keep]


def places_known(text: str, known: Iterable[str]) -> Iterator[Found]:
    """Where a known value stands, in whatever case, accents, blanks, hyphens and line ends; a date in whatever form.

    An ordinary word ("petit") is left where it has no capital, and short numbers and words ("12", "Le") are left: they
    would be found in any text.
    """
    squeezed = Squeezed(text)
    for value in known:
        if (day := as_date(value)) is not None:
            yield from (Found(one.start, one.end, "birth_date") for one in dates(text) if of_day(text, one, day))
            continue
        signs = signs_of(value)
        is_number, is_ordinary = any(map(str.isdigit, signs)), is_common(signs)
        if len(signs) < (_LEAST_NUMBER if is_number else _LEAST_WORD if is_ordinary else 2):
            continue
        kind = kind_of(value)
        for start, end in squeezed.where(signs):
            if not (is_ordinary and text[start:end].islower()):
                yield from _by_words(text, start, end) if kind == "name" else [Found(start, end, kind)]


def _by_words(text: str, start: int, end: int) -> Iterator[Found]:
    """Each word of a name by itself, as it is found where it stands alone; particles with what follows them."""
    yield from (Found(*one.span(), "name") for one in _WORD_OF_NAME.finditer(text, start, end))


def kind_of(value: str) -> Kind:
    """What a known value is, by its form: digits of an address are fewer than its letters."""
    signs = signs_of(value)
    if as_date(value) is not None:
        return "birth_date"
    if "@" in value:
        return "email"
    num_digits = sum(sign.isdigit() for sign in signs)
    if not num_digits:
        return "name"
    return (
        "address" if " " in value.strip() and len(signs) - num_digits > max(_LEAST_NUMBER, num_digits) else "identifier"
    )


def places_told(text: str, told: Iterable[Told]) -> Iterator[Found]:
    """Where something that was found elsewhere stands in a text; an ordinary word not where it has no capital."""
    squeezed = Squeezed(text)
    for signs, kind, is_ordinary in told:
        for start, end in squeezed.where(signs):
            if not (is_ordinary and text[start:end].islower()):
                yield Found(start, end, kind)


def holds(text: str, *, told: Iterable[Told], known: Iterable[str], keep: Collection[Kind] = ()) -> bool:
    """Whether a text holds what was found in the document that it belongs to, or is known of the person."""
    text = composed(text)
    found = chain(places_told(text, told), places_known(text, [composed(one) for one in known if one.strip()]))
    return any(one.kind not in keep for one in found)


def looked_for(told: Iterable[tuple[str, Kind]]) -> list[Told]:
    """What was found in a document, by which texts that were taken from it are searched."""
    found = {(signs_of(value), kind): None for value, kind in told if kind != "age"}
    return [(signs, kind, is_common(signs)) for signs, kind in found if len(signs) > 1]
