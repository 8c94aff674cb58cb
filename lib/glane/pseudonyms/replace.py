"""A text with its identifiers replaced, and where everything went."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from glane.pseudonyms.composed import composed
from glane.pseudonyms.dates import latest_year
from glane.pseudonyms.detect import identifiers
from glane.pseudonyms.key import Key
from glane.pseudonyms.kinds import Found, Segment
from glane.pseudonyms.surrogates import Manner, Surrogates
from glane.settings.pseudonymise import Kind

_NO_YEAR = 2024  # of dates without a year, in texts without one: a leap year


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonymised:
    """A text without what was found in it, the segments that were replaced, in order, and by what."""

    text: str
    segments: tuple[Segment, ...]
    made: Surrogates = field(repr=False, compare=False)  # by which values that belong to it are replaced, too


def pseudonymised(
    text: str, *, key: Key, person: str, manner: Manner, known: Iterable[str] = (), keep: Collection[Kind] = ()
) -> Pseudonymised:
    """Replace the identifiers of a text.

    Args:
        text: Of a document.
        key: What surrogates are made by.
        person: Whose document it is: dates of one person are shifted alike.
        manner: How they are replaced.
        known: Names and numbers of the person, found wherever they stand.
        keep: Kinds that are left as they are.
    """
    found = identifiers(text, known=known, keep=keep, oldest_age=manner.oldest_age)
    return with_surrogates(text, found, surrogates_of(text, key=key, person=person, manner=manner))


def surrogates_of(text: str, *, key: Key, person: str, manner: Manner) -> Surrogates:
    """The surrogates of one text, by which values that were taken from it are replaced, too."""
    text = composed(text)
    return Surrogates(key, manner, person=person, text=text, year=latest_year(text) or _NO_YEAR)


def with_surrogates(
    text: str, found: Iterable[Found], made: Surrogates, *, of: Callable[[str, Kind], str] | None = None
) -> Pseudonymised:
    """Put surrogates in the place of what was found, which is in the order of the text.

    `of` gives what stands in the place of an identifier, if that is not just what `made` gives.
    """
    of = made.of if of is None else of
    pieces: list[str] = []
    segments: list[Segment] = []
    last = size = 0
    for one in found:
        new = of(composed(text[one.start : one.end]), one.kind)
        pieces += [text[last : one.start], new]
        start = size + one.start - last
        size, last = start + len(new), one.end
        segments.append(Segment(one.start, one.end, start, size, one.kind))
    return Pseudonymised(text="".join([*pieces, text[last:]]), segments=tuple(segments), made=made)
