"""The documents of a group in the group's text: which of them a chunk shows, and which of them a passage is of.

Quotes are looked up, and passages told, document by document: what stands at the end of one and at the beginning of the
next says nothing together.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from glane.reading.align import NOT_FOUND, Aligner
from glane.task.prompt import Shown
from glane.types import Alignment, Chunk, Evidence, ExtractedValue, Piece

_KINDS = (Alignment.EXACT, Alignment.NORMALISED, Alignment.FUZZY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a chunk shows of one document, in code points of the group's text."""

    number: int  # of the document, from 0
    piece: Piece
    start: int
    end: int


def parts_of(chunk: Chunk, pieces: Sequence[Piece]) -> list[Part]:
    """The parts of documents in a chunk, in order."""
    return [
        Part(number=number, piece=piece, start=max(piece.start, chunk.start), end=min(piece.end, chunk.end))
        for number, piece in enumerate(pieces)
        if piece.start < chunk.end and chunk.start < piece.end
    ]


def parts_shown(chunk: Chunk, pieces: Sequence[Piece]) -> list[Shown]:
    """A chunk as a prompt shows it: its parts of documents, each with what its heading says."""
    return [
        Shown(
            number=part.number + 1,
            of=len(pieces),
            id=str(part.piece.id),
            order=part.piece.order,
            text=chunk.text[part.start - chunk.start : part.end - chunk.start],
            is_continued=part.start > part.piece.start,
        )
        for part in parts_of(chunk, pieces)
    ]


class GroupAligner:
    """Finds quotes in the documents of a chunk, each in one of them, with the offsets of `Aligner`.

    Among documents, the closer alignment wins; then what begins at `after` or later; then the document of `near`; then
    the nearest; then the first. So of two documents with the same text, the earlier one is named.
    """

    def __init__(self, chunk: Chunk, pieces: Sequence[Piece]) -> None:
        self._parts = [
            (part, Aligner(chunk.text[part.start - chunk.start : part.end - chunk.start], offset=part.start))
            for part in parts_of(chunk, pieces)
        ]

    def align(self, quote: str, *, near: int | None = None, after: int | None = None) -> Evidence:
        """See `Aligner.align`."""
        best: tuple[tuple[int, ...], Evidence] | None = None
        for part, aligner in self._parts:
            found = aligner.align(quote, near=near, after=after)
            if found.start is None or found.end is None:
                continue
            rank = _rank(found, part, near, after)
            if best is None or rank < best[0]:
                best = rank, found
            if near is None and after is None and found.alignment is Alignment.EXACT:
                break  # no other document can come before it
        return NOT_FOUND if best is None else best[1]

    def has(self, words: str) -> bool:
        """See `Aligner.has`."""
        return any(aligner.has(words) for _, aligner in self._parts)


def _rank(found: Evidence, part: Part, near: int | None, after: int | None) -> tuple[int, ...]:
    assert found.start is not None
    assert found.end is not None
    target = found.start if near is None else near
    return (
        _KINDS.index(found.alignment),
        after is not None and found.start < after,
        not part.start <= target <= part.end,
        max(found.start - target, target - found.end, 0),
        found.start,
    )


def name_documents(found: Mapping[str, ExtractedValue], pieces: Sequence[Piece]) -> None:
    """Set the document of every passage, and make its offsets those of the document's own text."""
    for one in _every(found.values()):
        passage = one.evidence
        if passage is None or passage.start is None or passage.end is None or passage.document is not None:
            continue
        piece = next(piece for piece in pieces if piece.start <= passage.start and passage.end <= piece.end)
        one.evidence = replace(
            passage, document=piece.id, start=passage.start - piece.start, end=passage.end - piece.start
        )


def _every(values: Iterable[ExtractedValue]) -> Iterator[ExtractedValue]:
    for one in values:
        yield one
        yield from _every(one.items or ())
        yield from _every((one.fields or {}).values())
