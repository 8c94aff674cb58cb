"""The kinds of identifiers, and where one stands in a text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from glane.settings.pseudonymise import Kind

RULES = 9  # the version of what is found and how it is replaced: raised when a text would come out otherwise
KINDS: tuple[Kind, ...] = get_args(Kind)  # where two overlap, the earlier is taken
_COUNTED: Mapping[Kind, str] = {  # so many of each kind, as they are told
    "name": "{num:,} name(s)",
    "birth_date": "{num:,} date(s) of birth",
    "date": "{num:,} date(s)",
    "age": "{num:,} age(s)",
    "address": "{num:,} street address(es)",
    "postcode": "{num:,} postcode(s)",
    "town": "{num:,} town(s)",
    "hospital": "{num:,} hospital(s)",
    "phone": "{num:,} telephone number(s)",
    "email": "{num:,} e-mail address(es)",
    "url": "{num:,} web address(es)",
    "account": "{num:,} social account(s)",
    "iban": "{num:,} bank account(s)",
    "card": "{num:,} payment card(s)",
    "plate": "{num:,} number plate(s)",
    "nir": "{num:,} NIR",
    "rpps": "{num:,} RPPS",
    "finess": "{num:,} FINESS",
    "identifier": "{num:,} record number(s)",
}


@dataclass(frozen=True, slots=True)
class Found:
    """An identifier: code points [start, end) of the text, and its kind."""

    start: int
    end: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class Segment:
    """What was replaced: [start, end) of the original became [new_start, new_end) of the pseudonymised text."""

    start: int
    end: int
    new_start: int
    new_end: int
    kind: Kind


def counted(replaced: Mapping[str, int]) -> str:
    """How many identifiers of each kind were replaced, as people read it."""
    told = (words.format(num=num) for kind, words in _COUNTED.items() if (num := replaced.get(kind)))
    return ", ".join(told) or "no identifier"


def without_overlaps(found: list[Found], text: str) -> list[Found]:
    """Each place once, in the order of the text. What an earlier kind leaves of a later one stays found."""
    taken = bytearray(len(text))
    kept: list[Found] = []
    for one in sorted(found, key=lambda one: (KINDS.index(one.kind), one.start - one.end, one.start)):
        for start, end in _free(taken, one.start, one.end):
            if any(letter.isalnum() for letter in text[start:end]):
                kept.append(Found(start, end, one.kind))
        taken[one.start : one.end] = b"\1" * (one.end - one.start)
    return sorted(kept, key=lambda one: one.start)


def _free(taken: bytearray, start: int, end: int) -> list[tuple[int, int]]:
    free: list[tuple[int, int]] = []
    for place in range(start, end):
        if taken[place]:
            continue
        if free and free[-1][1] == place:
            free[-1] = (free[-1][0], place + 1)
        else:
            free.append((place, place + 1))
    return free
