"""The model's confidence in each value of an answer, from the log-probabilities of its tokens.

Log-probabilities are those after the grammar's mask, for two reasons. First, the engine applies the mask before its
sampler and reports the result. Second, users ask for the probability among the answers that the task allows. A token
that the grammar forced has log-probability 0, so it does not change any product.

A value's confidence is the probability of the tokens that spell it, given everything before it in the answer. Where
the quote stands before the value, that the answer quotes at all counts, and what it quotes is given.

Copied quotes are the exception to the first rule. A model that invents a value wants to quote what is not in the text.
The mask leaves it something else, which may then look certain. So what the mask left to a quote (`Scorer.quote_mass`)
is multiplied into the confidence of its value.

Confidence separates doubtful values from sure ones. It is not calibrated: whether 0.9 means nine right in ten must be
measured on labelled documents.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Self

from glane.task.fields import Field, ListField, ObjectField
from glane.task.keys import Keys
from glane.task.schema import QUOTE, VALUE
from glane.types import ExtractedValue, TokenScores

_CONTINUATION = bytes(range(0x80, 0xC0))  # UTF-8: every byte of a character except its first
_IMPOSSIBLE = -700.0  # exp of less is not a normal double; engines write -inf or -9999 for masked tokens
_TOKENS_OF_A_BEGINNING = 3  # of a quote: with them its mass tells best what is wrong
_CLOSING = frozenset('"}]')  # last characters of values that end by themselves
_FOLLOWING = b",}] \t\n\r"  # what may stand after a value


@dataclass(frozen=True, slots=True)
class Wrappers:
    """What stands before a value in an answer, and before its quote, as the task spells its keys."""

    values: tuple[bytes, ...] = (b'{"value":', b',"value":')  # the second behind a quote
    quote: bytes = b'{"quote":'  # what the value is, it does not tell yet

    @classmethod
    def of(cls, spelling: Keys) -> Self:
        """Those of a task."""
        value, quote = (json.dumps(spelling.written(key)).encode() for key in (VALUE, QUOTE))
        return cls((b"{" + value + b":", b"," + value + b":"), b"{" + quote + b":")


def token_spans(text: str, pieces: Sequence[bytes]) -> list[tuple[int, int]] | None:
    """Return the place of each token in `text`, as code points [start, end).

    Tokens that share a character all span it. A token that spells no part of the text has an empty span: an empty
    piece, or a space or end token that the tokenizer adds before or after the text.

    Returns None if the tokens are not UTF-8, or do not spell the text exactly once: no place is certain then.
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
        if piece and 0x80 <= piece[0] < 0xC0:  # it continues a character that an earlier token began
            start -= 1
        spans.append((start, end))
        num_before = end
    if len(spelled) > len(text):
        return [(min(max(start, 0), len(text)), min(max(end, 0), len(text))) for start, end in spans]
    return spans


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorer:
    """The scored tokens of one answer. Gives probabilities for spans of its JSON. Build it with `of`."""

    text: str
    starts: Sequence[int]  # of the tokens that spell part of the text, in code points
    ends: Sequence[int]
    places: Sequence[int]  # where they start, in bytes of the text; negative for a surplus before the text
    scores: TokenScores  # of these tokens
    sums: Sequence[float]  # sums[i]: log-probability of the first i tokens, without the impossible ones
    impossible: Sequence[int]  # impossible[i]: how many of the first i tokens have probability 0
    wrappers: Wrappers = Wrappers()

    @classmethod
    def of(cls, text: str, scores: TokenScores, wrappers: Wrappers = Wrappers()) -> Self | None:
        """Return the scorer of an answer, or None if its tokens do not spell its text.

        No confidence is better than a wrong one. Text, tokens and alternatives must belong to one answer.
        `scores.others` may or may not include the chosen token at each place. A log-probability that is NaN counts as
        probability 0.
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
                allowed=None if scores.allowed is None else [scores.allowed[index] for index in kept],
            ),
            # -inf would turn every later difference of sums into NaN.
            sums=[0.0, *accumulate(min(logprob, 0.0) if logprob > _IMPOSSIBLE else 0.0 for logprob in logprobs)],
            impossible=[0, *accumulate(not logprob > _IMPOSSIBLE for logprob in logprobs)],
            wrappers=wrappers,
        )

    def probability(self, span: tuple[int, int]) -> float:
        """Return the probability, 0 to 1, of the tokens that spell the JSON at `span`, given everything before it.

        `span` is in code points, [start, end). Tokens cannot be cut: a token counts if it overlaps the span by at least
        one character. A span that ends in a number, `true`, `false` or `null` includes the next character, if there is
        one. The number 67 is decided only by the token after it, which excludes 678.
        """
        return self._product(*self._tokens(span))

    def confidence(self, found: ExtractedValue) -> float | None:
        """Return the probability, 0 to 1, of the decision on a value, a null or a reason; None if it has no place."""
        return None if found.span is None else self._lead(found) * self._product(*self._after(found))

    def quote_mass(self, found: ExtractedValue) -> float | None:
        """Return how much of the model's probability, 0 to 1, the mask left to the beginning of a value's quote.

        It is the product over the first three tokens, of which the last may close the quote. That is the probability
        that the model, at none of them, wanted a token that the mask forbids. The first alone tells little: a common
        word or letter may begin any quote. More of them tell no more, see docs/evidence.md.

        None if there is no quote, or if the engine does not tell it.
        """
        if found.quote_span is None or self.scores.allowed is None:
            return None
        start, end = found.quote_span
        first, last = bisect_right(self.ends, start + 1), bisect_left(self.starts, end)
        total = math.fsum(self.scores.allowed[first : min(last, first + _TOKENS_OF_A_BEGINNING)])
        return None if math.isnan(total) else math.exp(min(total, 0.0))

    def _lead(self, found: ExtractedValue) -> float:
        return 1.0 if found.lead is None else self.probability(found.lead)

    def _after(self, found: ExtractedValue) -> tuple[int, int]:
        """The tokens of the decision, without those that `_lead` counts."""
        assert found.span is not None
        first, last = self._tokens(found.span)
        # A token that closes the quote and goes on tells where the quote ends, too: it is given.
        return (first if found.lead is None else bisect_left(self.starts, found.span[0])), last

    def probabilities(self, found: ExtractedValue, spellings: Mapping[str, bytes]) -> dict[str, float] | None:
        """Return the probability, 0 to 1, of each value of an enum or boolean at the place of `found`.

        `spellings` is the JSON of each value, by its name ("true" and "false" for a boolean).

        At each token of the decision, the likeliest other tokens are followed. The text before and one such token are
        the beginning of another answer. Its probability is added to the value that it spells: in full (`"M"`), in part
        (`"M`), or with the text that follows (`"M","age`). If several values are still possible, each gets an equal
        share. This is an approximation: the model's next token there is unknown. The answered value also has the
        probability of its own tokens. A value that no token spells has 0. The sum is at most 1; the rest belongs to
        null, to missing reasons, and to tokens that are not among the likeliest.

        Returns None if the answer has no value and no token tells how likely each value was. That is so for a reason or
        a null in place of the wrapper, if no alternative reaches the value in `{"value":…}`.
        """
        if found.span is None or (found.value is not None and found.value_span is None):
            return None
        first, last = self._after(found)
        weight = self._lead(found)
        # The text of the decision before the value. A null or a reason has none, so both forms of an answer are tried:
        # the plain value and the value in a wrapper.
        prefixes: tuple[bytes, ...] = (b"", *self.wrappers.values)
        if found.value_span is not None:
            prefixes = (self.text[found.span[0] : found.value_span[0]].encode(),)
        masses = dict.fromkeys(spellings, 0.0)
        seen, open_ended = False, found.missing is not None
        for beginning, mass in self._beginnings(first, last, found.span[0]):
            open_ended |= found.value is None and beginning.startswith(self.wrappers.quote)
            for prefix in prefixes:
                if len(beginning) <= len(prefix):  # it does not reach the value yet
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
        masses = {value: weight * mass for value, mass in masses.items()}
        total = max(sum(masses.values()), 1.0)  # it exceeds 1 by rounding only
        return {value: mass / total for value, mass in masses.items()}

    def _tokens(self, span: tuple[int, int]) -> tuple[int, int]:
        """The tokens [first, last) that overlap the span, plus the next one if the value could have continued."""
        start, end = span
        if self.text[end - 1] not in _CLOSING:
            end += 1  # at the end of the text, where no token begins, this changes nothing
        return bisect_right(self.ends, start), bisect_left(self.starts, end)

    def _product(self, first: int, last: int) -> float:
        if self.impossible[last] > self.impossible[first]:
            return 0.0
        return math.exp(self.sums[last] - self.sums[first])  # at most 1: the sums never rise

    def _beginnings(self, first: int, last: int, start: int) -> Iterator[tuple[bytes, float]]:
        """Each other beginning of the answer from code point `start` on, and its probability."""
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
    """Set `confidence`, `probabilities` and the `quote_mass` of evidence in `found` and everything inside it.

    The confidence of a scalar, a null or a missing reason is the probability of its whole decision, see
    `Scorer.confidence`, times the `quote_mass` of its quote. A value without a quote of its own inside an object takes
    that of the object. A list has no confidence; its items have. An object has the lowest confidence inside it, or None
    if there is none. Enums and booleans also get the probability of each value, given that the quote is right. Values
    without a place in the answer get nothing.
    """
    _score(found, field, scorer, around=1.0)


def _score(found: ExtractedValue, field: Field, scorer: Scorer, *, around: float) -> float | None:
    """Score, and return the lowest confidence of a leaf. `around` is the mass of the quote around it, 1 without."""
    if (mass := scorer.quote_mass(found)) is not None and found.evidence is not None:
        around = mass
        found.evidence = replace(found.evidence, quote_mass=mass)
    if found.fields is not None and isinstance(field, ObjectField):
        found.confidence = _lowest(
            _score(part, field.fields[name], scorer, around=around) for name, part in found.fields.items()
        )
        return found.confidence
    if found.items is not None and isinstance(field, ListField):
        return _lowest([_score(item, field.items, scorer, around=around) for item in found.items])
    if (confidence := scorer.confidence(found)) is not None:
        found.confidence = confidence * around
        if not isinstance(field, ListField | ObjectField) and (spellings := field.spellings()):
            found.probabilities = scorer.probabilities(found, spellings)
    return found.confidence


def _lowest(confidences: Iterable[float | None]) -> float | None:
    return min((confidence for confidence in confidences if confidence is not None), default=None)


def _name(value: object) -> str:
    """The name of an enum's or boolean's value among its probabilities."""
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _compatible(spelling: bytes, full: bytes) -> bool:
    """Whether `spelling` is a beginning of `full`, or is `full` followed by a character that may follow a value."""
    if spelling.startswith(full):
        return len(spelling) == len(full) or spelling[len(full)] in _FOLLOWING
    return full.startswith(spelling)
