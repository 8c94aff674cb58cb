"""What a text goes on with, as its tokenizer spells it: a good guess for the next tokens of a quote of it.

Once a begun quote can stand in one place of the text only, whatever follows there may be drafted. It is a guess: the
quote may end after any word. So the model checks it (`glane.engine.drafting`).

The tokens are those of the whole text, not of what is left of it. A tokenizer spells the rest of a word differently
from how it spells the word. Where a quote has come to a place at which no token of the text begins, nothing is drafted.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Sequence

from glane.form import WALL

MOST_DRAFTED = 8  # tokens at once
_END = -1  # in place of a token: a text, or one of several texts, ends here


class Spelling:
    """The tokens of a text, by the places that they begin at."""

    def __init__(
        self, spelled: str, *, tokenize: Callable[[str], Sequence[int]], piece: Callable[[int], bytes]
    ) -> None:
        """`spelled` is the text as JSON spells it, in parts between walls. `piece` returns the bytes of a token."""
        self._starts, self._tokens, start = array("q"), array("q"), 0
        for part in spelled.split(WALL):
            text = part.encode()
            place = 0
            for token in tokenize(part):
                piece_of = piece(token)
                if not piece_of or not text.startswith(piece_of, place):
                    break  # the tokenizer changes texts, and from here on does not spell this one
                self._add(start + place, token)
                place += len(piece_of)
            self._add(start + place, _END)
            start += len(text) + len(WALL.encode())

    def after(self, place: int, most: int) -> list[int]:
        """The tokens from a place in bytes on, at most so many; none where no token of the text begins there."""
        first = bisect_left(self._starts, place)
        if first == len(self._starts) or self._starts[first] != place:
            return []
        found = self._tokens[first : first + most].tolist()
        return found[: found.index(_END)] if _END in found else found

    def _add(self, place: int, token: int) -> None:
        self._starts.append(place)
        self._tokens.append(token)
