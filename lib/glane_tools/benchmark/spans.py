"""Which tokens of an answer stand in a quote."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate


def starts(pieces: Sequence[bytes]) -> list[int]:
    """Where each token begins in the answer, in bytes."""
    return [0, *accumulate(map(len, pieces))][: len(pieces)]


def quotes(answer: bytes, opener: bytes) -> list[tuple[int, int]]:
    """The quotes of an answer in JSON, as (start, end) in bytes, without their quotation marks.

    `opener` is the key of a quote up to the mark that opens it: `"quote":"`.
    """
    found, at = [], answer.find(opener)
    while at >= 0:
        start = end = at + len(opener)
        while end < len(answer) and answer[end : end + 1] != b'"':
            end += 2 if answer[end : end + 1] == b"\\" else 1
        found.append((start, end))
        at = answer.find(opener, end)
    return found


def quote_at(place: int, spans: Sequence[tuple[int, int]]) -> tuple[int, int] | None:
    """The quote that a byte stands in, or None."""
    return next((span for span in spans if span[0] <= place < span[1]), None)


def num_quoted(pieces: Sequence[bytes], opener: bytes) -> int:
    """How many tokens begin within a quote."""
    spans = quotes(b"".join(pieces), opener)
    return sum(quote_at(place, spans) is not None for place in starts(pieces))
