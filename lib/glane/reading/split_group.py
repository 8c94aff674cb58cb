"""Splits a group of documents into chunks: between documents, and within one only if it alone is too long."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from glane.reading.split import split
from glane.types import Chunk, Piece


def split_group(
    text: str,
    pieces: Sequence[Piece],
    *,
    max_tokens: int,
    overlap_tokens: int,
    count_tokens: Callable[[str], int],
    heading_tokens: Callable[[int], int],
) -> list[Chunk]:
    """Cut a group into chunks of at most `max_tokens` tokens each, headings included, in the order of documents.

    As many whole documents as fit make a chunk. A document that does not fit alone is cut as `split` cuts a text, with
    its overlap, and shares no chunk with others. `heading_tokens` returns the tokens of the heading of the document
    with a number, from 0; each leaves its document at least one token.
    """
    chunks: list[Chunk] = []
    first, used = 0, 0  # the document that the open chunk begins with, and the tokens of those in it

    def close(end: int) -> None:
        if end > first:
            chunks.append(_between(text, pieces[first].start, pieces[end - 1].end))

    for number, piece in enumerate(pieces):
        own = text[piece.start : piece.end]
        heading = heading_tokens(number)
        needed = heading + count_tokens(own)
        if used + needed > max_tokens:
            close(number)
            first, used = number, 0
        if needed > max_tokens:
            budget = max_tokens - heading
            overlap = min(overlap_tokens, budget // 2)
            cut = split(own, max_tokens=budget, overlap_tokens=overlap, count_tokens=count_tokens)
            chunks += [_between(text, piece.start + one.start, piece.start + one.end) for one in cut]
            first, used = number + 1, 0
        else:
            used += needed
    close(len(pieces))
    return chunks


def _between(text: str, start: int, end: int) -> Chunk:
    return Chunk(text=text[start:end], start=start, end=end)
