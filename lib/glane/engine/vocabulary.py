"""The bytes of a tokenizer's tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class Vocabulary:
    """The bytes of each token of a tokenizer. Special tokens have none.

    They come from llguidance, which knows them for every kind of tokenizer that it supports.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._source: Any = getattr(tokenizer, "llg_tokenizer", None)  # mistral-common's, as vLLM wraps it
        if self._source is None:
            from llguidance.hf import from_tokenizer

            self._source = from_tokenizer(tokenizer, len(tokenizer))
        self._special = frozenset(int(token) for token in tokenizer.all_special_ids)
        self._known: dict[int, bytes] = {}

    def piece(self, token: int) -> bytes:
        """The bytes of one token."""
        if token not in self._known:
            self._known[token] = b"" if token in self._special else self._source.decode_bytes([token])
        return self._known[token]

    def text(self, tokens: Sequence[int]) -> str:
        """The text of an answer. Bytes that are not UTF-8 become U+FFFD, which JSON permits only within strings."""
        return b"".join(map(self.piece, tokens)).decode("utf-8", "replace")
