"""Copied quotes without a grammar for each document.

llguidance can restrict a quote to "any substring of" a text. That takes a grammar for every document, which computes
its masks anew: ten times the cost of the masks of a grammar that answers share. Here, one grammar with free quotes
serves all documents. Within a quote, its mask is narrowed to the tokens that continue a piece of the text or end the
quote.

Both ways allow the same answers (tests/test_copying.py), with these exceptions. A quote does not begin within an escape
of the text, such as after the backslash of a line break. No single token ends a quote and begins the next. A quote
neither begins nor ends within a word, a number or a character of the text, and is not too short to show anything
(`glane.boundaries`): from "38,5 °C" nothing quotes "38" or "5", from "France" nothing quotes "F", and from "12 cas" a
quote of the number takes what is counted with it. A quote that has reached its greatest length ends where it is.

All of it works on bytes, because a token may hold a part of a character.
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from glane.boundaries import least_ends, within_characters, within_numbers, within_words
from glane.form import WALL

_QUOTE = 0x22
_BACKSLASH = 0x5C
_ESCAPE = re.compile(rb"\\(?:u[0-9a-f]{4}|.)", re.DOTALL)
_SHORT = 8  # bytes: as many as fit into one number, and most tokens are no longer
Words = npt.NDArray[np.int32]  # a bit for each token
Numbers = npt.NDArray[np.uint64]
_Bits = tuple[npt.NDArray[np.int64], Words]


class _Table:
    """Tokens by short byte strings of one length, to look up many at once."""

    def __init__(self, tokens: dict[bytes, list[int]]) -> None:
        pairs = sorted((int.from_bytes(piece, "big"), token) for piece, many in tokens.items() for token in many)
        self._pieces = np.array([piece for piece, _ in pairs], np.uint64)
        self._tokens = np.array([token for _, token in pairs], np.int64)

    def of(self, pieces: Numbers) -> npt.NDArray[np.int64]:
        """The tokens whose bytes are one of these pieces."""
        pieces = np.unique(pieces)
        first, end = (np.searchsorted(self._pieces, pieces, side) for side in ("left", "right"))
        counts = end - first
        before = np.cumsum(counts) - counts
        return self._tokens[np.repeat(first - before, counts) + np.arange(counts.sum())]


class Pieces:
    """The tokens of a vocabulary by their bytes, made once for an engine and an opener."""

    def __init__(self, piece: Callable[[int], bytes], *, num_tokens: int, num_words: int, opener: str) -> None:
        """`piece` returns the bytes of a token, empty for special ones. A mask has `num_words` words of 32 tokens."""
        self.piece, self.num_words = piece, num_words
        self.opener = opener.encode()
        # For each prefix of a token, the tokens that equal it. A prefix that is missing here has no continuation.
        self.beginning: dict[bytes, list[int]] = {}
        # For the bytes before a closing quote in a token, the tokens with these bytes: `s",` and `s"}` under `s`.
        self.closing: dict[bytes, list[int]] = {}
        # For each state outside of quotes, the tokens that open a quote, with the bytes of the quote that they hold.
        self.crossing: dict[int, list[tuple[int, bytes]]] = {}
        for token in range(num_tokens):
            spelled = piece(token)
            for end in range(1, len(spelled)):
                self.beginning.setdefault(spelled[:end], [])
            if spelled:
                self.beginning.setdefault(spelled, []).append(token)
            if b'"' not in spelled:
                continue
            for place, byte in enumerate(spelled):
                if byte == _QUOTE and not self._opens(1, spelled[place + 1 :]):
                    self.closing.setdefault(spelled[:place], []).append(token)
            for state in range(len(self.opener)):
                if begun := self._opens(state, spelled):
                    self.crossing.setdefault(state, []).append((token, begun))
        self.ending = self.mask(self.closing.pop(b"", ()))
        lengths = range(1, _SHORT + 1)
        self.whole_of = [_Table({key: ids for key, ids in self.beginning.items() if len(key) == n}) for n in lengths]
        self.closing_of = [_Table({key: ids for key, ids in self.closing.items() if len(key) == n}) for n in lengths]
        # The first bytes of longer tokens, and of longer pieces before a closing quote.
        longer = {key[:_SHORT] for key in (*self.beginning, *self.closing) if len(key) > _SHORT}
        self.longer = np.array(sorted(int.from_bytes(key, "big") for key in longer), np.uint64)

    def mask(self, tokens: npt.ArrayLike) -> Words:
        """The mask that allows these tokens."""
        places = np.asarray(tokens, np.int64)
        found = np.zeros(self.num_words, np.uint32)
        np.bitwise_or.at(found, places >> 5, np.left_shift(1, places & 31).astype(np.uint32))
        return found.view(np.int32)

    def step(self, state: int, byte: int) -> int:
        """How many bytes of the opener the answer ends with, after one more byte."""
        # After a mismatch, only a quotation mark can begin the opener: in JSON no letter follows a closing one.
        if byte == self.opener[state]:
            return state + 1
        return int(byte == self.opener[0])

    def _opens(self, state: int, spelled: bytes) -> bytes:
        """The bytes of a token after the end of an opener, which began before the token (`state` bytes) or in it."""
        for place, byte in enumerate(spelled):
            state = self.step(state, byte)
            if state == len(self.opener):
                return spelled[place + 1 :]
        return b""


class Where(NamedTuple):
    """The state of an answer: after `opened` bytes of an opener outside of quotes, or after a `quoted` piece."""

    opened: int = 0
    quoted: bytes | None = None
    ends: tuple[int, ...] = ()  # where occurrences of `quoted` in the text end; empty while nothing is quoted yet


class Passage:
    """A text that may be quoted, and the tokens that may follow at each of its places."""

    def __init__(self, spelled: str, pieces: Pieces) -> None:
        # No text has these bytes, and the grammar allows text alone, so no quote crosses a wall.
        self._text, self._pieces = spelled.encode().replace(WALL.encode(), b"\xff" * len(WALL.encode())), pieces
        self._escaped = np.zeros(len(self._text) + 1, np.bool_)  # places within an escape
        for found in _ESCAPE.finditer(self._text):
            self._escaped[found.start() + 1 : found.end()] = True
        inner, self._least = _places(spelled)
        self._least_of = array("q", self._least.tolist())  # read one by one, it is faster than NumPy's
        self._inner = self._escaped | inner  # places where no quote begins or ends
        # Read one by one, bytes are faster than NumPy's arrays.
        self._is_escaped, self._is_inner = self._escaped.tobytes(), self._inner.tobytes()
        self._following: dict[tuple[int, int], _Bits] = {}
        self._first = self._begin()  # computed here, outside of the thread that drives the engine
        self._crossings: dict[int, Words | None] = {}

    def after(self, where: Where, spelled: bytes) -> Where | None:
        """The state after more bytes; None if they quote what is not in the text."""
        opened, quoted, ends = where
        place = 0
        while place < len(spelled):
            if quoted is None:
                opened = self._pieces.step(opened, spelled[place])
                place += 1
                if opened == len(self._pieces.opener):
                    opened, quoted, ends = 0, b"", ()
                continue
            stop = _closing_quote(spelled, place, quoted)
            if more := spelled[place:stop]:
                ends = self._continued(quoted, ends, more)
                quoted += more
                if not ends:
                    return None
            place = stop
            if place < len(spelled):
                if not quoted:
                    return None
                opened, quoted, ends, place = 1, None, (), place + 1
        return Where(opened, quoted, ends)

    def narrow(self, where: Where, mask: Words) -> None:
        """Remove from a mask, in place, the tokens that would quote what is not in the text."""
        if where.quoted is None:
            if (allowed := self._crossing(where.opened)) is not None:
                mask &= allowed
        elif not where.quoted:
            mask &= self._first
        else:
            length = len(where.quoted)
            # Few tokens continue a quote. So these bits are looked at alone, and not a mask of all tokens for them.
            kept = [(words, mask[words] & bits) for words, bits in self._bits(where.ends, length)]
            # At the greatest length of a quote the grammar only lets it end, within a word, too.
            if any(bits.any() for _, bits in kept):
                can_end = any(self._may_end(end - length, end) for end in where.ends)
            else:
                can_end = not all(self._is_escaped[end] for end in where.ends)
            if can_end:
                mask &= self._pieces.ending
            else:
                mask.fill(0)
            for words, bits in kept:
                np.bitwise_or.at(mask, words, bits)

    def _bits(self, ends: tuple[int, ...], length: int) -> list[_Bits]:
        """The tokens that continue a quote of this length from where it may stand, a pair of arrays for each place."""
        found = []
        for end in ends:
            key = (end, max(end + 1, self._least_of[end - length]))  # from which end on it may close
            if (bits := self._following.get(key)) is None:
                bits = self._following[key] = _bits(self._continuations(end, end - length))
            found.append(bits)
        return found

    def _continued(self, quoted: bytes, ends: tuple[int, ...], more: bytes) -> tuple[int, ...]:
        if quoted:
            return tuple(end + len(more) for end in ends if self._text.startswith(more, end))
        return tuple(self._find(more))

    def _find(self, piece: bytes) -> Iterator[int]:
        """Where the occurrences of a piece end, without those that begin where no quote begins."""
        place = self._text.find(piece)
        while place >= 0:
            if self._may_begin(place):
                yield place + len(piece)
            place = self._text.find(piece, place + 1)

    def _may_begin(self, place: int) -> bool:
        return place < len(self._text) and not self._is_inner[place] and self._least_of[place] <= len(self._text)

    def _may_end(self, begun: int, end: int) -> bool:
        return not self._is_inner[end] and self._least_of[begun] <= end

    def _continuations(self, start: int, begun: int) -> list[int]:
        """The tokens that continue the text from a place, all of them or up to a closing quote that they hold.

        The quote began at `begun`, which matters as long as it may be too short.
        """
        found: list[int] = []
        text, beginning, closing = self._text, self._pieces.beginning, self._pieces.closing
        for end in range(start + 1, len(text) + 1):
            piece = text[start:end]
            if (tokens := beginning.get(piece)) is None:
                break
            found += tokens
            if self._may_end(begun, end):
                found += closing.get(piece, ())
        return found

    def _begin(self) -> Words:
        """The mask of tokens that a quote may begin with, for all places of the text at once."""
        text = np.frombuffer(self._text, np.uint8).astype(np.uint64)
        is_free = ~self._inner
        can_begin = is_free & (self._least <= len(text))
        found, pieces = [np.zeros(0, np.int64)], np.zeros(len(text) + 1, np.uint64)
        for length in range(1, min(_SHORT, len(text)) + 1):
            pieces = (pieces[:-1] << np.uint64(8)) | text[length - 1 :]
            may_begin = can_begin[: len(pieces)]
            may_end = may_begin & is_free[length:] & (self._least[: len(pieces)] <= np.arange(length, len(text) + 1))
            found.append(self._pieces.whole_of[length - 1].of(pieces[may_begin]))
            found.append(self._pieces.closing_of[length - 1].of(pieces[may_end]))
        if len(text) > _SHORT:
            places = np.flatnonzero(may_begin & _among(pieces, self._pieces.longer)).tolist()
            found += [np.array(self._continuations(place, place), np.int64) for place in places]
        return self._pieces.mask(np.concatenate(found))

    def _crossing(self, opened: int) -> Words | None:
        """The mask of tokens that may follow outside of quotes; None if none of them opens a quote."""
        if opened not in self._crossings:
            tokens = self._pieces.crossing.get(opened, ())
            inside = Where(0, b"", ())
            wrong = [token for token, begun in tokens if self.after(inside, begun) is None]
            self._crossings[opened] = ~self._pieces.mask(wrong) if tokens else None
        return self._crossings[opened]


def _among(values: Numbers, some: Numbers) -> npt.NDArray[np.bool_]:
    """Of each value, whether it is one of some sorted ones. `np.isin` would look through all of those each time."""
    if not len(some):
        return np.zeros(len(values), np.bool_)
    places = np.minimum(np.searchsorted(some, values), len(some) - 1)
    found: npt.NDArray[np.bool_] = some[places] == values
    return found


def _bits(tokens: list[int]) -> _Bits:
    """Where a mask has the bits of tokens: its words, and in each the bit. Of two bits in one word, each is a pair."""
    places = np.array(tokens, np.int64)
    return places >> 5, np.left_shift(1, places & 31).astype(np.uint32).view(np.int32)


def _places(spelled: str) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """What holds for each place, in bytes of a text as JSON spells it.

    Whether it is within a word, a number or what reads as one character; and the least end of a quote that begins
    there. If all of the text is too short for a quote, any end will do. Between walls, each text is one by itself.
    """
    text = json.loads(f'"{spelled}"')
    ends = np.concatenate(([0], np.cumsum(_spelled_lengths(text)))) if text else np.zeros(1, np.int64)
    is_inner = within_words(text)
    is_inner[list(within_numbers(text) | within_characters(text))] = True
    inner = np.zeros(int(ends[-1]) + 1, np.bool_)
    inner[ends] = is_inner
    least = np.arange(1, len(inner) + 1)
    if text and (enough := _least_ends(text)).min() <= len(text):
        least[ends[:-1]] = np.append(ends, ends[-1] + 1)[enough]
    return inner, least


def _least_ends(text: str) -> npt.NDArray[np.int64]:
    """`least_ends` of each text between walls, and no end for the walls themselves."""
    if WALL not in text:
        return least_ends(text)
    found, start, none = [], 0, len(text) + 1
    for part in text.split(WALL):
        ends = least_ends(part)
        found += [np.where(ends <= len(part), start + ends, none), np.array([none])]
        start += len(part) + len(WALL)
    return np.concatenate(found)[: len(text)]


def _spelled_lengths(text: str) -> npt.NDArray[np.int64]:
    """The number of bytes that JSON spells each character of a text with."""
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    in_utf8 = 1 + (codes >= 0x80) + (codes >= 0x800) + (codes >= 0x10000).astype(np.int64)
    is_short = np.isin(codes, [ord(character) for character in '"\\\b\f\n\r\t'])
    return np.where(is_short, 2, np.where(codes < 0x20, 6, in_utf8))


def _closing_quote(spelled: bytes, start: int, quoted: bytes) -> int:
    """The place of the next quotation mark that is not escaped, or the end."""
    escaped = (len(quoted) - len(quoted.rstrip(b"\\"))) % 2 == 1
    for place in range(start, len(spelled)):
        if escaped:
            escaped = False
        elif spelled[place] == _BACKSLASH:
            escaped = True
        elif spelled[place] == _QUOTE:
            return place
    return len(spelled)
