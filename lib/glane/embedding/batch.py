"""Texts through an engine that embeds: a window that is kept full, and what is known of texts that engines die with.

See `glane.run.deaths`: a text that was in an engine when it died is embedded alone, after a harmless one, so that no
text is blamed for an engine that dies with any.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterable, Iterator

from glane.engine.protocol import Embedder, EngineProcessDied, RequestRefused, Vector
from glane.errors import where
from glane.reading.parse import Outcome
from glane.run.deaths import Window, prompt_digest
from glane.run.session import WorkerDied
from glane.run.suspects import Suspects
from glane.types import Status

_CONTROL = "control"  # the request id of the harmless text, and the text
Answer = Vector | Outcome
Key = tuple[int, int]  # of a text: the row, and which of its pieces


class EngineWindow:
    """Gives texts to an engine, and returns their vectors as they are done."""

    def __init__(self, engine: Embedder, *, size: int, window: Window, suspects: Suspects, key: str) -> None:
        """`key` is the digest of the run's fingerprint; what is noted of texts is keyed with it."""
        self._engine, self._size, self._window, self._suspects = engine, size, window, suspects
        self._key = key
        self._keys: dict[str, Key] = {}  # of the texts in the engine, by request
        self._num_requests = 0
        self.num_steps = self.num_tokens = 0

    def vectors(self, texts: Iterable[tuple[Key, list[int]]]) -> Iterator[tuple[Key, Answer]]:
        """Yield (key, vector or why there is none) of every text, given as (key, tokens), in any order.

        `texts` is read only as far as the window has room: what makes it overlaps with the engine's work.

        Raises:
            WorkerDied: if the engine cannot go on.
        """
        self._suspects.refresh()
        alone: list[tuple[Key, list[int]]] = []
        for key, tokens in texts:
            digest = prompt_digest(tokens, key=self._key)
            if (verdict := self._suspects.verdict(digest)) is not None:
                yield key, _rejected(verdict.reason)
            elif self._suspects.is_suspect(digest):
                alone.append((key, tokens))
            else:
                while len(self._keys) >= self._size:
                    yield from self._step()
                yield from self._give(key, tokens, digest, alone=False)
        yield from self._drain()
        random.shuffle(alone)  # an engine that is killed from outside soon after each start met another one each time
        for key, tokens in alone:
            self._give_control()
            yield from self._give(key, tokens, prompt_digest(tokens, key=self._key), alone=True)
            yield from self._drain()

    def _give(self, key: Key, tokens: list[int], digest: bytes, *, alone: bool) -> Iterator[tuple[Key, Answer]]:
        self._num_requests += 1
        request_id = str(self._num_requests)
        try:
            self._engine.add(request_id, tokens)
        except RequestRefused as refusal:
            yield key, _rejected(str(refusal))
            return
        self._window.enter(request_id, digest, alone=alone)
        self._keys[request_id] = key
        self.num_tokens += len(tokens)

    def _give_control(self) -> None:
        """Embed a harmless text: an engine that dies with anything must blame no document."""
        with contextlib.suppress(RequestRefused):
            self._engine.add(_CONTROL, self._engine.encode(_CONTROL))
            self._window.enter_control(_CONTROL)
            while not self._done():
                pass
            self._window.leave(_CONTROL)

    def _drain(self) -> Iterator[tuple[Key, Answer]]:
        while self._keys:
            yield from self._step()

    def _step(self) -> Iterator[tuple[Key, Answer]]:
        for request_id, vector in self._done():
            self._window.leave(request_id)
            key = self._keys.pop(request_id)
            yield key, _rejected("the model makes no vector of this text") if vector is None else vector

    def _done(self) -> list[tuple[str, Vector | None]]:
        try:
            done = self._engine.step()
        except EngineProcessDied as ended:
            raise WorkerDied(str(ended), exit_code=ended.code) from None
        except Exception as error:  # after any error, the state of the engine is unknown
            raise WorkerDied(where(error)) from None
        self.num_steps += 1
        return done


def _rejected(reason: str) -> Outcome:
    return Outcome(status=Status.REJECTED, reason=reason)
