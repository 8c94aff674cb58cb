"""The kinds of identifiers, and where one stands in a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from glane.settings.pseudonymise import Kind

RULES = 4  # the version of what is found and how it is replaced: raised when a text would come out otherwise
KINDS: tuple[Kind, ...] = get_args(Kind)  # where two overlap, the earlier is taken


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
