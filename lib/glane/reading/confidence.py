"""How probable the model held what it answered, value by value, from the log-probabilities of its tokens.

Log-probabilities are those after the grammar's mask, for two reasons. The engine applies the mask before its sampler,
so they are what it reports. And the probability among the answers that the task allows is what a user asks for: a token
that the grammar forced has log-probability 0, leaves every product unchanged, and so is left out by itself as no
decision of the model.

A value's confidence is the probability of the tokens that spell it, given all that stands before it in the answer. It
tells doubtful values from sure ones; whether 0.9 means nine right in ten must be measured on labelled documents.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Self

from glane.task.fields import Field, ListField, ObjectField
from glane.types import ExtractedValue, TokenScores

_CONTINUATION = bytes(range(0x80, 0xC0))  # UTF-8: every byte of a character but its first
_IMPOSSIBLE = -700.0  # exp of less is no longer a normal double; engines write -inf, or -9999, for what is masked
_CLOSING = frozenset('"}]')  # last characters of values that end by themselves
_FOLLOWING = b",}] \t\n\r"  # what may stand after a value
_WRAPPER = b'{"value":'


def token_spans(text: str, pieces: Sequence[bytes]) -> list[tuple[int, int]] | None:
    """Return the place of each token in `text`, as code points [start, end).

    Tokens that share a character all span it. A token that spells nothing of the text (an empty piece, or one of the
    surplus before and after it, as some tokenizers add a space or an end token) has an empty span.

    None where the tokens are not UTF-8, or do not spell the text exactly once: then no place is sure.
    """
    joined = b"".join(pieces)
    try:
        spelled = joined.decode()
    except UnicodeDecodeError:
        return None
    first = spelled.find(text)
    if first < 0 or spelled.rfind(text) != first:
        return None
    num_before = -first  # characters of the text that began before this token; below 0 in the surplus
    spans = []
    for piece in pieces:
        num_begun = len(piece) if piece.isascii() else len(piece.translate(None, _CONTINUATION))
        start, end = num_before, num_before + num_begun
        if piece and 0x80 <= piece[0] < 0xC0:  # it goes on with a character that an earlier token began
            start -= 1
        spans.append((start, end))
        num_before = end
    if len(spelled) > len(text):
        return [(min(max(start, 0), len(text)), min(max(end, 0), len(text))) for start, end in spans]
    return spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorer:
    """The scored tokens of one answer, ready for questions about spans of its JSON. Build it with `of`."""

    text: str
    starts: Sequence[int]  # of the tokens that spell something, in code points
    ends: Sequence[int]
    places: Sequence[int]  # where they start in bytes of the text; below 0 where a surplus comes first
    scores: TokenScores  # of these tokens
    sums: Sequence[float]  # sums[i]: log-probability of the first i tokens, the impossible ones left out
    impossible: Sequence[int]  # impossible[i]: how many of the first i tokens have probability 0

    @classmethod
    def of(cls, text: str, scores: TokenScores) -> Self | None:
        """Return the scorer of an answer, or None where its tokens do not fit: better no confidence than a wrong one.

        `scores.others` may hold the chosen token at each place, or not. Text, tokens and alternatives must be of one
        answer; a log-probability that is no number counts as probability 0.
        """
        if not len(scores.pieces) == len(scores.logprobs) == len(scores.others):
            return None
        spans = token_spans(text, scores.pieces)
        if spans is None:
            return None
        kept = [index for index, (start, end) in enumerate(spans) if start < end]
        logprobs = [scores.logprobs[index] for index in kept]
        num_surplus = b"".join(scores.pieces).index(text.encode())
        places = [0, *accumulate(map(len, scores.pieces))]
        return cls(
            text=text,
            starts=[spans[index][0] for index in kept],
            ends=[spans[index][1] for index in kept],
            places=[places[index] - num_surplus for index in kept],
            scores=TokenScores(
                pieces=[scores.pieces[index] for index in kept],
                logprobs=logprobs,
                others=[scores.others[index] for index in kept],
            ),
            # -inf would turn every later difference of sums into nan.
            sums=[0.0, *accumulate(min(logprob, 0.0) if logprob > _IMPOSSIBLE else 0.0 for logprob in logprobs)],
            impossible=[0, *accumulate(not logprob > _IMPOSSIBLE for logprob in logprobs)],
        )

    def probability(self, span: tuple[int, int]) -> float:
        """Return the probability, 0 to 1, of the tokens that spell the JSON at `span`, given all that stands before it.

        A token counts wholly as soon as it overlaps the span by one character, and not at all otherwise: tokens cannot
        be cut. What ends in a number, `true`, `false` or `null` is taken with the character after it, where there is
        one: 67 is decided only by the token that does not go on to 678.
        """
        return self._product(*self._tokens(span))

    def probabilities(self, found: ExtractedValue, spellings: Mapping[str, bytes]) -> dict[str, float] | None:
        """Return the probability of each value of an enum or boolean at the place of `found`.

        `spellings` is the JSON of each value, by its name ("true" and "false" for a boolean).

        At each token of the decision, the likeliest other tokens are followed: what came before, and such a token,
        begin another spelling of the answer. Its probability is added to the value that it spells, in full (`"M"`), in
        part (`"M`), or with what follows (`"M","age`). Where it may still become one of several values, each of them
        gets an equal share; this is an approximation, as what the model would have written next is not known. The
        answered value has the probability of its own tokens beside. Values that are seen nowhere have 0, and all
        together at most 1: the rest is null, a missing reason, and tokens not among the likeliest.

        None where the answer has no value and nothing says how likely each value was: a reason, or a null in the place
        of a wrapper, when no token goes as far as the value in `{"value":…}`.
        """
        if found.span is None or (found.value is not None and found.value_span is None):
            return None
        first, last = self._tokens(found.span)
        # How the decision is spelled up to the value. A null or a reason stands in the place of a wrapper, or a null in
        # that of a plain value.
        prefixes: tuple[bytes, ...] = (b"", _WRAPPER)
        if found.value_span is not None:
            prefixes = (self.text[found.span[0] : found.value_span[0]].encode(),)
        masses = dict.fromkeys(spellings, 0.0)
        seen, open_ended = False, found.missing is not None
        for beginning, mass in self._beginnings(first, last, found.span[0]):
            for prefix in prefixes:
                if len(beginning) <= len(prefix):  # it says nothing of the value yet
                    open_ended |= prefix.startswith(beginning)
                elif beginning.startswith(prefix):
                    spelling = beginning[len(prefix) :]
                    possible = [value for value, full in spellings.items() if _compatible(spelling, full)]
                    for value in possible:
                        masses[value] += mass / len(possible)
                    seen |= bool(possible)
        if found.value is None:
            if open_ended and not seen:
                return None
        elif (chosen := _name(found.value)) in masses:
            masses[chosen] += self._product(first, last)
        total = max(sum(masses.values()), 1.0)  # above 1 by rounding only
        return {value: mass / total for value, mass in masses.items()}

    def _tokens(self, span: tuple[int, int]) -> tuple[int, int]:
        """The tokens [first, last) that overlap the span, widened where its value could have gone on."""
        start, end = span
        if self.text[end - 1] not in _CLOSING:
            end += 1  # at the end of the text, where no token begins, this changes nothing
        return bisect_right(self.ends, start), bisect_left(self.starts, end)

    def _product(self, first: int, last: int) -> float:
        if self.impossible[last] > self.impossible[first]:
            return 0.0
        return math.exp(self.sums[last] - self.sums[first])  # at most 1: the sums never rise

    def _beginnings(self, first: int, last: int, start: int) -> Iterator[tuple[bytes, float]]:
        """Each other way in which the answer could begin from code point `start` on, and its probability."""
        pieces = self.scores.pieces
        before = pieces[first][: max(len(self.text[:start].encode()) - self.places[first], 0)]
        spelled = b""
        for token in range(first, last):
            mass = self._product(first, token)
            for other, logprob in self.scores.others[token]:
                if other == pieces[token] or not logprob > _IMPOSSIBLE:
                    continue
                beginning = spelled + other
                if beginning.startswith(before):
                    yield beginning[len(before) :], mass * math.exp(min(logprob, 0.0))
                elif before.startswith(beginning):
                    yield b"", mass * math.exp(min(logprob, 0.0))
            spelled += pieces[token]


def score_values(found: ExtractedValue, field: Field, scorer: Scorer) -> None:
    """Fill in `confidence` and `probabilities` of everything in `found`, from the places of its values in the answer.

    A scalar's confidence is the probability of its whole decision, `found.span`; likewise that of any null and of any
    missing reason. A list has none of its own, its items have. An object's is the lowest one inside it, None if nothing
    inside has one. Enums and booleans get the probability of each value too. What has no place stays without.
    """
    _score(found, field, scorer)


def _score(found: ExtractedValue, field: Field, scorer: Scorer) -> float | None:
    """Score, and return the lowest confidence of a leaf."""
    if found.fields is not None and isinstance(field, ObjectField):
        found.confidence = _lowest(_score(part, field.fields[name], scorer) for name, part in found.fields.items())
        return found.confidence
    if found.items is not None and isinstance(field, ListField):
        return _lowest([_score(item, field.items, scorer) for item in found.items])
    if found.span is not None:
        found.confidence = scorer.probability(found.span)
        if not isinstance(field, ListField | ObjectField) and (spellings := field.spellings()):
            found.probabilities = scorer.probabilities(found, spellings)
    return found.confidence


def _lowest(confidences: Iterable[float | None]) -> float | None:
    return min((confidence for confidence in confidences if confidence is not None), default=None)


def _name(value: object) -> str:
    """The name of an enum's or boolean's value among its probabilities."""
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _compatible(spelling: bytes, full: bytes) -> bool:
    """Whether what is spelled so far can become this value's JSON, or is it with what may follow."""
    if spelling.startswith(full):
        return len(spelling) == len(full) or spelling[len(full)] in _FOLLOWING
    return full.startswith(spelling)
