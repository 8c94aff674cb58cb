"""The feeder of a worker: claims shards, reads them, and turns documents into prompts ahead of the engine."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from glane.corpus.plan import Plan
from glane.corpus.read import Reader
from glane.engine.engine import Engine
from glane.extract.split import split
from glane.run.deaths import Suspects, prompt_digest
from glane.run.ledger import Ledger
from glane.run.shardwork import ShardWork
from glane.settings import ModelSettings
from glane.task.prompt import messages
from glane.task.task import TEXT_INPUT, Task
from glane.types import Completion, Document, Extraction, Status

_LONGEST_TOKEN = 32  # characters; a longer text than this many per token cannot fit, and is not encoded to prove it
_OTHERS_S = 0.2  # between looks at what other workers hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a result goes."""

    work: ShardWork
    row: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A prompt on its way to the engine."""

    target: Target
    prompt: list[int]
    digest: bytes
    alone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """An answer, or a judgement that needed none, on its way to its shard."""

    target: Target
    outcome: Completion | Extraction
    duplicate: bool = False


class Feeder:
    """Runs in a thread of its own; `ask` and `judge` hand on what it makes, and wait where the queues are full."""

    def __init__(
        self,
        *,
        engine: Engine,
        task: Task,
        model: ModelSettings,
        plan: Plan,
        reader: Reader,
        ledger: Ledger,
        suspects: Suspects,
        key: str,
        ask: Callable[[Request], None],
        judge: Callable[[Result], None],
        should_stop: Callable[[], bool],
    ) -> None:
        self._engine, self._task, self._model = engine, task, model
        self._plan, self._reader, self._ledger = plan, reader, ledger
        self._suspects, self._key = suspects, key
        self._ask, self._judge, self._should_stop = ask, judge, should_stop

    def run(self) -> None:
        """Feed until nothing is left to claim, or the worker is to stop."""
        while not self._should_stop():
            shard = self._ledger.claim()
            if shard is None:
                if not self._ledger.others_remain():
                    return
                time.sleep(_OTHERS_S)  # others hold what is left; if they die, their shards become free
                continue
            self._suspects.refresh()
            rows = self._reader.read(self._plan.shard(shard))
            work = ShardWork(index=shard, kept=rows.kept)
            order = list(enumerate(rows.documents))
            if self._suspects.are_there:
                # Otherwise kills from outside, soon after each start, would find the same innocent alone each time.
                random.shuffle(order)
            for row, document in order:
                self._prepare(document, Target(work=work, row=row))

    def _prepare(self, document: Document, target: Target) -> None:
        prompt, refusal = self._prompt(document)
        if prompt is None:
            assert refusal is not None
            self._judge(Result(target=target, outcome=refusal))
            return
        digest = prompt_digest(prompt, key=self._key)
        if self._suspects.is_rejected(digest):
            reason = "the engine dies whenever it is asked this document alone"
            refusal = Extraction(status=Status.REJECTED, reason=reason, num_prompt_tokens=len(prompt))
            self._judge(Result(target=target, outcome=refusal))
            return
        alone = self._suspects.is_suspect(digest)
        self._ask(Request(target=target, prompt=prompt, digest=digest, alone=alone))

    def _prompt(self, document: Document) -> tuple[list[int] | None, Extraction | None]:
        """The encoded prompt, or why there is none."""
        if document.problem is not None:
            return None, Extraction(status=Status.REJECTED, reason=document.problem)
        if document.text is None or not document.text.strip():
            reason = "the text is null" if document.text is None else "the text is blank"
            return None, Extraction(status=Status.EMPTY, reason=reason)
        limit = self._engine.max_prompt_tokens
        if len(document.text) > limit * _LONGEST_TOKEN:
            reason = f"{len(document.text)} characters; a prompt may have {limit} tokens"
            return None, Extraction(status=Status.TOO_LONG, reason=reason)
        (chunk,) = split(document.text)
        inputs = {**document.inputs, TEXT_INPUT: chunk.text}
        prompt = self._engine.encode(messages(self._task, inputs, style=self._model.prompt_style))
        if len(prompt) > limit:
            reason = f"the prompt has {len(prompt)} tokens; it may have {limit}"
            return None, Extraction(status=Status.TOO_LONG, reason=reason, num_prompt_tokens=len(prompt))
        return prompt, None
