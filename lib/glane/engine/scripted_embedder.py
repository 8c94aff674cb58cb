"""Vectors without a model, for tests of everything around it: texts that share words are near each other.

Each word is hashed to some dimensions and signs (Weinberger et al. 2009, "Feature hashing"), and a text is the sum of
its words. It understands nothing: its vectors say nothing about a model. A text can make it misbehave, by
`[[crash]] [[hang]] [[refuse]] [[nothing]]`.
"""

from __future__ import annotations

import os
import re
import signal
import time
from hashlib import blake2b

import numpy as np

from glane.engine.protocol import RequestRefused, Vector
from glane.settings import ModelSettings

_WORD = re.compile(r"\w+")
_DIMENSIONS = 32
_PER_WORD = 4  # dimensions


class ScriptedEmbedder:
    """The scripted engine as one that embeds: see the module. Its tokens are the code points of the text."""

    num_dimensions = _DIMENSIONS

    def __init__(self, settings: ModelSettings, *, seconds_per_step: float) -> None:
        self._seconds_per_step = seconds_per_step
        self._waiting: dict[str, str] = {}
        self.max_tokens = settings.max_model_len

    def encode(self, text: str, *, prefix: str = "") -> list[int]:
        """See `Embedder.encode`."""
        return [ord(character) for character in prefix + text]

    def count_tokens(self, text: str) -> int:
        """See `Embedder.count_tokens`."""
        return len(text)

    def add(self, request_id: str, tokens: list[int]) -> None:
        """See `Embedder.add`."""
        text = "".join(map(chr, tokens))
        if "[[refuse]]" in text:
            raise RequestRefused("scripted refusal")
        self._waiting[request_id] = text

    def step(self) -> list[tuple[str, Vector | None]]:
        """See `Embedder.step`."""
        time.sleep(self._seconds_per_step)
        texts, self._waiting = self._waiting, {}
        if any("[[crash]]" in text for text in texts.values()):
            os.kill(os.getpid(), signal.SIGSEGV)
        while any("[[hang]]" in text for text in texts.values()):
            time.sleep(3600)
        return [(name, None if "[[nothing]]" in text else _vector(text)) for name, text in texts.items()]

    def close(self) -> None:
        """See `Embedder.close`."""
        self._waiting.clear()


def _vector(text: str) -> Vector:
    found = np.zeros(_DIMENSIONS)
    found[0] = 0.01  # a text without words has a direction, too
    for word in _WORD.findall(text.casefold()):
        digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=2 * _PER_WORD).digest()
        for place, sign in zip(digest[::2], digest[1::2], strict=True):
            found[place % _DIMENSIONS] += 1 if sign % 2 else -1
    length = float(np.linalg.norm(found))
    return (found / (length or 1.0)).astype(np.float32)
