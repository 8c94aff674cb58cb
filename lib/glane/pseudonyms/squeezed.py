"""Where a value stands in a text, whatever parts its letters and digits: blanks, hyphens, line ends, accents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

from glane.pseudonyms.words import folded

_BETWEEN = frozenset(" .,'’‐‑-\u00ad") | {chr(code) for code in range(0x300, 0x370)}
_MOST_BETWEEN = 3
_LONG = 8  # digits
_LEAST_GLUED = 5  # letters of a value that other words may be glued to


def signs_of(value: str) -> str:
    """The letters and digits of a value, without case and accents."""
    return "".join(sign for sign in folded(value) if sign.isalnum())


class Squeezed:
    """A text of which only letters and digits are left, and where each of them stands."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._plain = folded(text)
        self._places = [place for place, sign in enumerate(self._plain) if sign.isalnum()]
        self._signs = "".join(self._plain[place] for place in self._places)

    def where(self, signs: str) -> Iterator[tuple[int, int]]:
        """The spans of the text that are these letters and digits, with no others beside them.

        A long number may have letters beside it: IPP8012345678. So may a name, where capitals tell the words apart:
        MmeDupont.
        """
        beside = str.isdigit if len(signs) >= _LONG and signs.isdigit() else str.isalnum
        at = self._signs.find(signs) if signs else -1
        while at >= 0:
            places = self._places[at : at + len(signs)]
            if self._is_whole(places, beside, may_be_glued=len(signs) >= _LEAST_GLUED and signs.isalpha()):
                yield places[0], places[-1] + 1
                at = self._signs.find(signs, at + len(signs))
            else:
                at = self._signs.find(signs, at + 1)

    def _is_whole(self, places: list[int], beside: Callable[[str], bool], *, may_be_glued: bool) -> bool:
        first, last = places[0], places[-1]
        if first > 0 and beside(self._plain[first - 1]) and not (may_be_glued and self._begins_a_word(first)):
            return False
        is_last = last + 1 == len(self._plain) or not beside(self._plain[last + 1])
        if not is_last and not (may_be_glued and self._begins_a_word(last + 1)):
            return False
        if places[-1] - places[0] == len(places) - 1:
            return True
        return all(self._may_part(one, other) for one, other in pairwise(places))

    def _begins_a_word(self, place: int) -> bool:
        """Whether a capital stands there behind a small letter."""
        return self.text[place].isupper() and self.text[place - 1].islower()

    def _may_part(self, one: int, other: int) -> bool:
        between = self._plain[one + 1 : other]
        return len(between) <= _MOST_BETWEEN and all(sign in _BETWEEN or sign.isspace() for sign in between)
