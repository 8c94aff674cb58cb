"""The identifiers of a text."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from itertools import chain, groupby

from glane.pseudonyms.composed import Composed, composed
from glane.pseudonyms.dates import as_date, dates, of_day
from glane.pseudonyms.institutions import homes_in_one_case, name_of_hospital
from glane.pseudonyms.kinds import Found, without_overlaps
from glane.pseudonyms.names import names
from glane.pseudonyms.patterns import numbers
from glane.pseudonyms.place_names import with_capitals
from glane.pseudonyms.places import places, places_by_little
from glane.pseudonyms.slips import without_slips
from glane.pseudonyms.squeezed import Squeezed, signs_of
from glane.pseudonyms.tokens import PARTICLES, tokens
from glane.pseudonyms.words import is_common
from glane.settings.pseudonymise import Kind

_AGE = re.compile(r"(?<![\d.,/])(?P<age>\d{2,3})(?= ?(?:ans\b|ANS\b|A\b|a\b))")
_WORD_OF_NAME = re.compile(
    rf"(?:(?:{'|'.join(sorted(PARTICLES))})(?:[ \u00a0]+|['’]))*[^\s,;/]+(?:(?<=[-‐‑])[ \t]*\r?\n[ \t]*[^\s,;/]+)*",
    re.IGNORECASE,
)
Told = tuple[str, Kind, bool]  # letters and digits, what it is, and whether it is an ordinary word
_CAPITAL = re.compile(r"[A-ZÀ-Ý][a-zà-ÿ]")
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
    squeezed = Squeezed(text)
    of_persons = [one for one in known if kind_of(one) != "hospital"]
    found = [*_by_rules(text, of_persons), *places_known(squeezed, known), *places_told(squeezed, told)]
    if oldest_age is not None:
        found += [Found(*one.span("age"), "age") for one in _AGE.finditer(text) if int(one["age"]) > oldest_age]
    return [given.given(one) for one in without_overlaps(found, text) if one.kind not in keep]


def _by_rules(text: str, known: list[str]) -> Iterator[Found]:
    """What rules find in a text as it was meant: without slips of a scanner, and with capitals where it has none."""
    meant = without_slips(text)
    for start, line in _other_lines(text, meant):
        yield from _moved(chain(numbers(line), dates(line)), start)
    words = tokens(meant)
    of_persons, surely = list(names(meant, words, known=known)), list(places(meant))
    yield from (*numbers(meant), *dates(meant), *surely, *of_persons)
    by_little: list[Iterator[Found]] = [places_by_little(meant)]
    for start, lines in _other_lines(with_capitals(meant, words), meant):
        if _CAPITAL.search(lines) is None:
            continue
        by_little.append(_moved(chain(places(lines), places_by_little(lines), homes_in_one_case(lines)), start))
    taken = bytearray(len(text))
    for one in (*of_persons, *(one for one in surely if one.kind == "hospital")):
        taken[one.start : one.end] = b"\1" * (one.end - one.start)
    yield from (one for one in chain.from_iterable(by_little) if not any(taken[one.start : one.end]) or _is_sure(one))


def _other_lines(text: str, other: str) -> Iterator[tuple[int, str]]:
    """Runs of lines of a text that are not as in another one of the same length, and where each run begins."""
    if text is other:
        return
    lines, begun = text.splitlines(keepends=True), 0
    for is_same, run in groupby(
        zip(lines, other.splitlines(keepends=True), strict=True), key=lambda pair: pair[0] == pair[1]
    ):
        piece = "".join(line for line, _ in run)
        if not is_same:
            yield begun, piece
        begun += len(piece)


def _moved(found: Iterable[Found], by: int) -> Iterator[Found]:
    yield from (replace(one, start=one.start + by, end=one.end + by) for one in found)


def _is_sure(found: Found) -> bool:
    return found.kind in ("postcode", "hospital")


def places_known(squeezed: Squeezed, known: Iterable[str]) -> Iterator[Found]:
    """Where a known value stands, in whatever case, accents, blanks, hyphens and line ends; a date in whatever form.

    An ordinary word ("petit") is left where it has no capital, and short numbers and words ("12", "Le") are left: they
    would be found in any text.
    """
    text = squeezed.text
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
            if kind == "hospital":
                yield from _by_hospital(text, start, end)
            elif not (is_ordinary and text[start:end].islower()):
                yield from _by_words(text, start, end) if kind == "name" else [Found(start, end, kind)]


def _by_hospital(text: str, start: int, end: int) -> Iterator[Found]:
    """The name of a hospital behind the word for one; not "le chu est fermé", of ordinary words without a capital."""
    at = name_of_hospital(text[start:end])
    if at is not None and not (is_common(signs_of(text[start + at : end])) and text[start + at : end].islower()):
        yield Found(start + at, end, "hospital")


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
        return "name" if name_of_hospital(value) is None else "hospital"
    return (
        "address" if " " in value.strip() and len(signs) - num_digits > max(_LEAST_NUMBER, num_digits) else "identifier"
    )


def places_told(squeezed: Squeezed, told: Iterable[Told]) -> Iterator[Found]:
    """Where something that was found elsewhere stands in a text; an ordinary word not where it has no capital."""
    for signs, kind, is_ordinary in told:
        for start, end in squeezed.where(signs):
            if not (is_ordinary and squeezed.text[start:end].islower()):
                yield Found(start, end, kind)


def holds(text: str, *, told: Iterable[Told], known: Iterable[str], keep: Collection[Kind] = ()) -> bool:
    """Whether a text holds what was found in the document that it belongs to, or is known of the person."""
    squeezed = Squeezed(composed(text))
    found = chain(places_told(squeezed, told), places_known(squeezed, [composed(one) for one in known if one.strip()]))
    return any(one.kind not in keep for one in found)


def looked_for(told: Iterable[tuple[str, Kind]]) -> list[Told]:
    """What was found in a document, by which texts that were taken from it are searched."""
    found = {(signs_of(value), kind): None for value, kind in told if kind != "age"}
    return [(signs, kind, is_common(signs)) for signs, kind in found if len(signs) > 1]
