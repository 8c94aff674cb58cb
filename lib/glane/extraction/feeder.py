"""The feeder of a worker: claims shards, reads them, and turns documents into prompts ahead of the engine."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from glane.corpus.read import Reader
from glane.extraction.prompts import Prompt, PromptBuilder
from glane.extraction.shardwork import ShardWork
from glane.reading.parse import Outcome
from glane.reading.reading import Reading, Turn
from glane.run.deaths import Suspects, prompt_digest
from glane.run.shards import Shards
from glane.types import Completion, Document, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a result goes: a row of a shard and, where something was asked about it, the reading and its turn."""

    work: ShardWork
    row: int
    reading: Reading | None = None
    turn: Turn | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A prompt on its way to the engine."""

    target: Target
    prompt: Prompt
    identity: bytes  # of the prompt and the way it is asked: requests that share it have the same answer
    digest: bytes  # of the prompt alone: what kills an engine does so whatever the seed
    alone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """An answer, or a judgement that needed none, on its way to its shard."""

    target: Target
    outcome: Completion | Outcome
    duplicate: bool = False


class Feeder:
    """Runs in a thread of its own; `ask` and `judge` hand on what it makes, and wait where the queues are full."""

    def __init__(
        self,
        *,
        prompts: PromptBuilder,
        shards: Shards,
        reader: Reader,
        suspects: Suspects,
        key: str,
        ask: Callable[[Request], None],
        judge: Callable[[Result], None],
        has_failed: Callable[[], bool],
    ) -> None:
        self._prompts, self._shards, self._reader = prompts, shards, reader
        self._suspects, self._key = suspects, key
        self._ask, self._judge, self._has_failed = ask, judge, has_failed

    def run(self) -> None:
        """Feed until nothing is left to claim, the worker is to stop, or another thread of it has failed."""
        num_large = self._shards.plan.num_large
        for shard in self._shards.claim_each(until=self._has_failed):
            self._suspects.refresh()
            rows = self._reader.read(shard)
            work = ShardWork(index=shard.index, kept=rows.kept)
            order = list(enumerate(rows.documents))
            if shard.index >= num_large:
                # The end of the run is near: what takes long is asked first, so that the engine does not end on it.
                order.sort(key=lambda one: -len(one[1].text or ""))
            if self._suspects.are_there:
                # Otherwise kills from outside, soon after each start, would find the same innocent alone each time.
                random.shuffle(order)
            for row, document in order:
                if self._has_failed():
                    return
                self._prepare(document, Target(work=work, row=row))

    def _prepare(self, document: Document, target: Target) -> None:
        """Turn a document into requests, or judge it where nothing can be asked."""
        reading = self._prompts.open(document)
        if isinstance(reading, Outcome):
            self._judge(Result(target=target, outcome=reading))
            return
        for turn in reading.turns():
            outcome = self.request(replace(target, reading=reading, turn=turn))
            if isinstance(outcome, Request):
                self._ask(outcome)
            else:
                self._judge(outcome)

    def request(self, target: Target) -> Request | Result:
        """Encode one turn of a reading; a result where it cannot be asked. May be called from another thread."""
        reading, turn = target.reading, target.turn
        assert reading is not None
        assert turn is not None
        prompt = self._prompts.prompt(reading, turn)
        if isinstance(prompt, Outcome):
            return Result(target=target, outcome=prompt)
        digest = prompt_digest(prompt.tokens, key=self._key)
        identity = prompt_digest(prompt.tokens, key=self._key, variant=f"{prompt.sampling}{turn.recall > 0}")
        if self._suspects.is_rejected(digest):
            reason = "the engine dies whenever it is asked this document alone"
            return Result(target=target, outcome=Outcome(status=Status.REJECTED, reason=reason))
        alone = self._suspects.is_suspect(digest)
        return Request(target=target, prompt=prompt, identity=identity, digest=digest, alone=alone)
