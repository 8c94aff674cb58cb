"""Which parts of a document are embedded, and as which tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from glane.corpus.blank import is_blank
from glane.engine.protocol import Embedder
from glane.errors import ConfigError
from glane.reading.parse import Outcome
from glane.reading.split import split, whole
from glane.settings.embed import ChunkSettings
from glane.types import Chunk, Document, Status

_JOINT = 4  # tokens that prefix and text may take more together than each by itself
_LEAST_BUDGET = 8  # tokens of text in a chunk
_LONGEST_TOKEN = 256  # characters; a text with more per token than this is not encoded to be counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a document, in code points, and its tokens, prefix and special tokens included."""

    start: int
    end: int
    tokens: list[int]


class Cutter:
    """Cuts documents into what an engine can embed."""

    def __init__(self, engine: Embedder, splitting: ChunkSettings | None, *, prefix: str) -> None:
        """Raises `ConfigError` if the prefix leaves no room for text."""
        self._engine, self._prefix, self._splitting = engine, prefix, splitting
        self._room = engine.max_tokens - len(engine.encode("", prefix=prefix)) - (_JOINT if prefix else 0)
        if self._room < _LEAST_BUDGET:
            raise ConfigError(
                f"prefix.document: of the {engine.max_tokens} tokens that the model takes, {max(self._room, 0)} are "
                f"left for text, and {_LEAST_BUDGET} are needed. Shorten it, or raise model.max_model_len."
            )

    def pieces(self, document: Document) -> Sequence[Piece] | Outcome:
        """The parts of a document in their order, at least one; the outcome if it cannot be embedded."""
        if document.problem is not None:
            return Outcome(status=Status.REJECTED, reason=document.problem)
        text = document.text
        if text is None or is_blank(text):
            reason = "the text is null" if text is None else "the text is blank"
            return Outcome(status=Status.EMPTY, reason=reason)
        chunks = self._chunks(text)
        if isinstance(chunks, Outcome):
            return chunks
        pieces = [
            Piece(start=chunk.start, end=chunk.end, tokens=self._engine.encode(chunk.text, prefix=self._prefix))
            for chunk in chunks
        ]
        longest = max(len(piece.tokens) for piece in pieces)
        return pieces if longest <= self._engine.max_tokens else self._too_long(f"{longest} tokens")

    def _chunks(self, text: str) -> list[Chunk] | Outcome:
        if self._splitting is None:
            is_vast = len(text) > self._engine.max_tokens * _LONGEST_TOKEN
            return self._too_long(f"{len(text)} characters") if is_vast else [whole(text)]
        budget = min(self._splitting.max_tokens, self._room)
        overlap = min(self._splitting.overlap_tokens, budget - 1)
        return split(text, max_tokens=budget, overlap_tokens=overlap, count_tokens=self._engine.count_tokens)

    def _too_long(self, what: str) -> Outcome:
        reason = f"{what}, and the model takes {self._engine.max_tokens} tokens"
        return Outcome(status=Status.TOO_LONG, reason=reason)
