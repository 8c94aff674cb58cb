"""Finds the passage of a document that a model quotes.

Three ways are tried, in this order: the quote as it is (`EXACT`); quote and text folded, see `fold` (`NORMALISED`); a
passage that differs by a few letters (`FUZZY`).

- The order is: exact, folded, both again without the punctuation around the quote (`NORMALISED`), then fuzzily. Quotes
  of up to three characters are never found fuzzily. In scripts without spaces, an occurrence between two signs that
  are not letters beats the others.
- Among the occurrences of one kind, the nearest to `near` is taken. Without `near`, the first is taken. With `after`,
  occurrences that begin there or later come before all others.
- A number is never taken for another number. No passage begins or ends within a number ("2" is not found in "12", nor
  "38" in "38,5", nor "234" in "1 234") or a word ("likely" is not found in "unlikely", nor "père" in "beau-père"), and
  none is too short to show anything (see `glane.boundaries`).
- A fuzzy passage says what the quote says: it has the same numbers, negations, sides and other words on which the sense
  depends, and each word of the quote has its counterpart (see `glane.reading.sense`).
- No passage cuts a letter from its accent, or a ligature in two. It is extended to whole characters.

A model that skips words may write an ellipsis that the text does not have ("fièvre … toux"). The parts of such a quote
are looked for in their order, at most `MAX_ELISION` characters apart. The passage goes from the first part to the last
(`FUZZY`), unless what is skipped denies a part. If the parts do not stand there, the longest is looked for, provided
that the other parts hold no number, and no other word on which the sense depends.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import islice, pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from glane.boundaries import is_too_short, within_characters, within_numbers, within_words
from glane.form import QUOTE_MAX_LENGTH
from glane.reading.sense import Statement, denies, replaced, says, senses_in, statement_in
from glane.task.fold import code_points, fold, fold_with_origins
from glane.types import Alignment, Evidence

Span: TypeAlias = tuple[int, int]
Rank: TypeAlias = Callable[[Span], tuple[int, ...]]  # the occurrence with the lowest rank is taken

NOT_FOUND = Evidence(quote=None, start=None, end=None, alignment=Alignment.NONE)

MIN_SCORE = 85.0  # 0 to 100, for a long passage: about one letter in seven may differ
SHORT_LENGTH = 3  # characters; quotes of this length or less are never found fuzzily
MAX_FUZZY_LENGTH = 2_000  # characters; the time to compare grows with the square of the length
MAX_ELISION = 300  # characters of the text between two parts of a quote with an ellipsis
MAX_OCCURRENCES = 20_000  # examined per way: bounds the time for a text like "aaaa…"
NUM_WINDOWS = 6  # candidate places that are compared letter by letter, per fuzzy quote
MAX_SHIFT = 100  # characters by which the ends of a fuzzy passage are moved to fit

_LAST_WORD = re.compile(r"\S+\s*\Z")
_FIRST_WORD = re.compile(r"\s*\S+")
_CUT_WORD = re.compile(r"\s+\S+\Z")
_ELLIPSIS = re.compile(r"\s*(?:\[\s*(?:…|\.{3,})\s*\]|\(\s*(?:…|\.{3,})\s*\)|…|\.{3,})\s*")
# Punctuation around a quote that the text may not have. Signs that are part of a value stay: "-5", "O-", "dengue ?".
_BEFORE = re.compile(r"^(?:[\s\"'“”«»’‘()\[\]:;!•]|[.,\-–—](?!\d))+")
_AFTER = re.compile(r"[\s\"'“”«»’‘()\[\]:;!.,]+$")
# In folded text, where a number and its unit are joined: "3jours".
_WORD_STARTS = re.compile(r"(?<!\w)\w|(?<!\S)\S|(?<=\d)[^\W\d_]")
_WORD_ENDS = re.compile(r"\w(?!\w)|\S(?!\S)|\d(?=[^\W\d_])")


def _grams(text: str) -> NDArray[np.uint16]:
    """Return a hash of each trigram (three consecutive characters).

    Two trigrams may share a hash. That is harmless: the hashes only say where to look.
    """
    codes = code_points(text)
    mixed = (
        (codes[:-2] * np.uint32(2654435761)) ^ (codes[1:-1] * np.uint32(2246822519)) ^ (codes[2:] * np.uint32(40503))
    )
    return ((mixed * np.uint32(3266489917)) >> np.uint32(16)).astype(np.uint16)


def _min_score(length: int) -> float:
    """Return the score (0 to 100) that a fuzzy passage needs. It rises for short quotes."""
    return MIN_SCORE + 0.75 * max(0, 20 - length)


def _most_similar(wanted: str, passages: dict[int, str], default: int) -> int:
    found = process.extractOne(wanted, passages, scorer=fuzz.ratio)
    return default if found is None else found[2]


def _bare(quote: str) -> str:
    return _AFTER.sub("", _BEFORE.sub("", quote))


def _parts(quote: str) -> list[str]:
    return [part for part in map(_bare, _ELLIPSIS.split(quote)) if fold(part)]


def _occurrences(text: str, wanted: str) -> Iterator[int]:
    start = text.find(wanted)
    while start >= 0:
        yield start
        start = text.find(wanted, start + 1)


class Aligner:
    """Finds quotes in one text: a document, or the chunk of a document that begins at `offset`.

    The folded text and its trigrams (some ten bytes per character) are computed once, when a quote first needs them.
    """

    def __init__(self, text: str, *, offset: int = 0) -> None:
        self._text = text
        self._offset = offset

    def align(self, quote: str, *, near: int | None = None, after: int | None = None) -> Evidence:
        """Return the passage that `quote` means, or `NOT_FOUND`. Offsets are code points of the whole document.

        `near` and `after` choose among several occurrences; both are offsets in the whole document. `near` is the
        place of related evidence. `after` is the end of an earlier item's evidence with the same quote. The passage is
        not blank, has no white space around it, and is spelled as in the text.
        """
        if not fold(quote) or is_too_short(quote):  # a quote can be blank to the eye, or hold invisible characters only
            return NOT_FOUND
        if len(quote) >= QUOTE_MAX_LENGTH:  # it may have been cut within a word
            quote = _CUT_WORD.sub("", quote) or quote
        rank = self._rank(near, after)
        found = (
            self._spelled(quote, rank)
            or self._elided(quote, rank)
            or self._nearly(quote, rank)
            or self._partly(quote, rank)
        )
        if found is None:
            return NOT_FOUND
        (start, end), alignment = found
        return Evidence(
            quote=self._text[start:end], start=start + self._offset, end=end + self._offset, alignment=alignment
        )

    def has(self, words: str) -> bool:
        """Whether the text has these words, in this or another spelling (`EXACT` or `NORMALISED`). No word is blank."""
        return not fold(words) or self._spelled(words, None) is not None

    def _rank(self, near: int | None, after: int | None) -> Rank | None:
        if near is None and after is None:
            return None
        first = 0 if after is None else after - self._offset

        def rank(span: Span) -> tuple[int, ...]:
            start, end = span
            if near is None:
                return start < first, start
            target = near - self._offset
            # At equal distance, the occurrence that follows wins.
            return start < first, max(start - target, target - end, 0), -start

        return rank

    @cached_property
    def _folded(self) -> tuple[str, NDArray[np.int32]]:
        return fold_with_origins(self._text)

    @cached_property
    def _within_numbers(self) -> frozenset[int]:
        return within_numbers(self._text)

    @cached_property
    def _within_words(self) -> NDArray[np.bool_]:
        return within_words(self._text)

    @cached_property
    def _within_characters(self) -> frozenset[int]:
        return within_characters(self._text)

    @cached_property
    def _text_grams(self) -> NDArray[np.uint16]:
        return _grams(self._folded[0])

    # The quote as it is, and folded.

    def _spelled(self, quote: str, rank: Rank | None) -> tuple[Span, Alignment] | None:
        quote = quote.strip()
        forms = [(quote, Alignment.EXACT)]
        if (bare := _bare(quote)) != quote and fold(bare):
            forms.append((bare, Alignment.NORMALISED))
        for whole in (True, False):
            for form, alignment in forms:
                if span := self._choose(self._exact(form), whole, rank):
                    return span, alignment
                if span := self._choose(self._normalised(form), whole, rank):
                    return span, Alignment.NORMALISED
        return None

    def _exact(self, wanted: str) -> Iterator[tuple[Span, bool]]:
        for start in _occurrences(self._text, wanted):
            span = start, start + len(wanted)
            if self._whole_characters(*span) == span:
                yield span, self._is_whole(*span)

    def _normalised(self, wanted: str) -> Iterator[tuple[Span, bool]]:
        folded = fold(wanted)
        for start in _occurrences(self._folded[0], folded):
            span = self._unfolded(start, start + len(folded))
            yield span, self._is_whole(*span) and not self._in_char(start) and not self._in_char(start + len(folded))

    def _choose(self, occurrences: Iterable[tuple[Span, bool]], whole: bool, rank: Rank | None) -> Span | None:
        fit = (
            span
            for span, is_whole in islice(occurrences, MAX_OCCURRENCES)
            if (is_whole or not whole) and not self._is_cut(*span)
        )
        return next(fit, None) if rank is None else min(fit, key=rank, default=None)

    # From folded offsets to those of the text.

    def _unfolded(self, start: int, end: int) -> Span:
        origin = self._folded[1]
        return self._whole_characters(int(origin[start]), int(origin[end - 1]) + 1)

    def _in_char(self, index: int) -> bool:
        """Whether a folded offset lies within one character of the text, as between the "o" and "e" from "œ"."""
        origin = self._folded[1]
        return 0 < index < len(origin) and bool(origin[index - 1] == origin[index])

    def _whole_characters(self, start: int, end: int) -> Span:
        if f"{self._text[start : start + 1]}{self._text[end : end + 1]}".isascii():
            return start, end  # no character of ASCII belongs to the one before
        while start in self._within_characters:
            start -= 1
        while end in self._within_characters:
            end += 1
        return start, end

    # The surroundings of a passage.

    def _is_whole(self, start: int, end: int) -> bool:
        return not any(
            0 < index < len(self._text) and self._in_word(index - 1) and self._in_word(index) for index in (start, end)
        )

    def _in_word(self, index: int) -> bool:
        character = self._text[index]
        return character.isalnum() or character == "\u00ad" or unicodedata.category(character)[0] == "M"

    def _is_cut(self, start: int, end: int) -> bool:
        """Whether a passage begins or ends within a number or a word."""
        if self._within_words[start] or self._within_words[end]:
            return True
        # Next to a place within a number there is a digit: most texts need not be searched for numbers.
        around = self._text[max(0, start - 1) : start + 1] + self._text[end - 1 : end + 1]
        return any(map(str.isnumeric, around)) and not self._within_numbers.isdisjoint((start, end))

    # A quote with an ellipsis.

    def _elided(self, quote: str, rank: Rank | None) -> tuple[Span, Alignment] | None:
        parts = _parts(quote)
        if len(parts) > 1:
            span = self._choose(self._chains(parts), True, rank)
            return span and (span, Alignment.FUZZY)
        if parts and fold(parts[0]) != fold(_bare(quote)):  # the ellipsis stands before or after
            found = self._spelled(parts[0], rank)
            return found and (found[0], Alignment.NORMALISED)
        return None

    def _partly(self, quote: str, rank: Rank | None) -> tuple[Span, Alignment] | None:
        """Find the longest part of a quote with an ellipsis, if the sense of the quote depends on no other part."""
        parts = _parts(quote)
        longest = max(parts, key=len, default="")
        if len(parts) < 2 or len(fold(longest)) <= SHORT_LENGTH or any(self._chains(parts)):
            return None
        if senses_in(longest) != senses_in(quote):
            return None
        found = self._spelled(longest, rank) or self._nearly(longest, rank)
        return found and (found[0], Alignment.FUZZY)

    def _chains(self, parts: list[str]) -> Iterator[tuple[Span, bool]]:
        """Yield the passages from the first part to the last, and whether nothing between the parts denies one."""
        for (start, end), is_whole in self._normalised(parts[0]):
            if not is_whole or self._is_cut(start, end):
                continue
            spans = [(start, end)]
            for part in parts[1:]:
                if (span := self._next(part, spans[-1][1])) is None:
                    break
                spans.append(span)
            if len(spans) == len(parts):
                skipped = (self._text[one[1] : other[0]] for one, other in pairwise(spans))
                yield (start, spans[-1][1]), not any(map(denies, skipped))

    def _next(self, part: str, after: int) -> Span | None:
        """Return a part that begins within `MAX_ELISION` of an offset of the text."""
        text, origin = self._folded
        wanted = fold(part)
        # np.int32 is the type of the array; a search with another type would copy the array.
        low = int(origin.searchsorted(np.int32(after)))
        high = int(origin.searchsorted(np.int32(after + MAX_ELISION), side="right")) + len(wanted)
        while (low := text.find(wanted, low, high)) >= 0:
            start, end = self._unfolded(low, low + len(wanted))
            if self._is_whole(start, end) and not self._is_cut(start, end):
                return start, end
            low += 1
        return None

    # A quote with a few letters changed.

    def _nearly(self, quote: str, rank: Rank | None) -> tuple[Span, Alignment] | None:
        wanted = fold(_bare(quote))
        if not SHORT_LENGTH < len(wanted) <= MAX_FUZZY_LENGTH or len(self._folded[0]) < SHORT_LENGTH:
            return None
        said: Statement | None = None
        best: tuple[tuple[float, ...], Span] | None = None
        for place in self._places(wanted, rank):
            start, end, score = self._fitted(wanted, place)
            if score < _min_score(len(wanted)):
                continue
            span = self._unfolded(start, end)
            said = said or statement_in(_bare(quote))
            if not self._is_cut(*span) and self._says(span, said):
                found = (-score, *(span if rank is None else rank(span))), span
                best = found if best is None else min(best, found)
        return None if best is None else (best[1], Alignment.FUZZY)

    def _says(self, span: Span, quote: Statement) -> bool:
        start, end = span
        passage = statement_in(self._text[start:end])
        if not says(passage, quote):
            return False
        has_other_first, has_other_last = replaced(passage, quote)
        before, after = _LAST_WORD.search(self._text, max(0, start - 40), start), _FIRST_WORD.match(self._text, end)
        return not (
            (has_other_first and before and senses_in(before[0])) or (has_other_last and after and senses_in(after[0]))
        )

    def _places(self, wanted: str, rank: Rank | None) -> Iterator[int]:
        """Yield the folded offsets where a passage of the quote's length shares most trigrams with it.

        If one letter in seven is replaced, more than half of the trigrams remain (q-gram filtering: Ukkonen,
        Approximate string-matching with q-grams and maximal matches, 1992). Counting them takes a millisecond for
        100,000 characters; comparing letter by letter takes a hundred.
        """
        of_quote = np.zeros(1 << 16, dtype=np.int32)
        of_quote[_grams(wanted)] = 1
        totals = np.concatenate(([0], np.cumsum(of_quote[self._text_grams], dtype=np.int32)))
        width = min(len(wanted) - 2, len(totals) - 1)
        counts = totals[width:] - totals[: len(totals) - width]
        for _ in range(NUM_WINDOWS):
            most = int(counts.max())
            if most < max(1, (len(wanted) - 2) // 4):
                return
            places = np.flatnonzero(counts == most)
            place = int(places[0])
            if rank is not None:
                spans = {(start, start + len(wanted)): int(at) for at, start in zip(places, self._folded[1][places])}
                place = spans[min(spans, key=rank)]
            yield place
            counts[max(0, place - len(wanted) // 2) : place + len(wanted) // 2 + 1] = 0

    def _fitted(self, wanted: str, place: int) -> tuple[int, int, float]:
        """Move both ends of a passage to word boundaries, so that it is most similar to the quote.

        Returns folded offsets and the score, 0 to 100: twice the letters in common, divided by the letters of both.
        """
        text = self._folded[0]
        start, end = place, min(len(text), place + len(wanted))
        shift = min(MAX_SHIFT, max(12, len(wanted) // 3))
        starts = [match.start() for match in _WORD_STARTS.finditer(text, max(0, start - shift), start + shift + 1)]
        ends = [match.end() for match in _WORD_ENDS.finditer(text, max(0, end - shift - 1), end + shift + 1)]
        if ends and ends[-1] == end + shift + 1 < len(text):  # the search ended here, not a word
            ends.pop()
        for _ in range(2):  # the best start depends on the end, and the reverse
            start = _most_similar(wanted, {s: text[s:end] for s in starts if s < end}, start)
            end = _most_similar(wanted, {e: text[start:e] for e in ends if e > start}, end)
        return start, end, fuzz.ratio(wanted, text[start:end])
