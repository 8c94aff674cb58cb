"""The feeder of a worker: claims shards, reads their documents, and encodes prompts ahead of the engine."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from glane.extraction.prompts import Prompt
from glane.extraction.shardwork import ShardWork, commit_together
from glane.extraction.task_in_work import TaskInWork
from glane.reading.parse import Outcome
from glane.reading.reading import Reading, Turn
from glane.run.deaths import prompt_digest
from glane.run.suspects import Suspects
from glane.types import Completion, Document, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The destination of a result: a row of a shard, and the reading and its turn if a prompt was asked."""

    work: ShardWork
    row: int
    reading: Reading | None = None
    turn: Turn | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A prompt on its way to the engine."""

    target: Target
    prompt: Prompt
    identity: bytes  # digest of prompt, sampling and form: requests with the same identity have the same answer
    digest: bytes  # digest of the prompt alone: a prompt that kills an engine does so with any seed
    alone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """An answer, or an outcome that needed no answer, on its way to its shard."""

    target: Target
    outcome: Completion | Outcome
    duplicate: bool = False


class Feeder:
    """Runs in a thread of its own. `ask` takes its requests and `judge` its results; both wait if a queue is full."""

    def __init__(
        self,
        *,
        tasks: Sequence[TaskInWork],
        suspects: Suspects,
        ask: Callable[[Request], None],
        judge: Callable[[Result], None],
        has_failed: Callable[[], bool],
    ) -> None:
        """The shards are those of the first of the `tasks`."""
        self._tasks, self._suspects = tasks, suspects
        self._ask, self._judge, self._has_failed = ask, judge, has_failed

    def run(self) -> None:
        """Feed until no shard is left to claim, the worker must stop, or another of its threads has failed."""
        first, *others = self._tasks
        num_large = first.shards.plan.num_large
        for shard in first.shards.claim_each(until=self._has_failed):
            self._suspects.refresh()
            begun = [one.begin(shard.index) for one in (first, *(o for o in others if not o.is_committed(shard.index)))]
            commit_together([work for work, _ in begun])
            order = list(range(len(begun[0][1])))
            if shard.index >= num_large:
                # Near the end of the run, long documents come first, so that none of them is left to the end.
                order.sort(key=lambda row: -len(begun[0][1][row].text or ""))
            if self._suspects.are_there:
                # Random order: if the engine is killed from outside soon after each start, the suspect is not always
                # the same harmless document.
                random.shuffle(order)
            for row in order:
                if self._has_failed():
                    return
                self._prepare([(documents[row], Target(work=work, row=row)) for work, documents in begun])

    def _prepare(self, asked: Sequence[tuple[Document, Target]]) -> None:
        """Turn a document into the requests of all tasks, or into results where nothing can be asked."""
        turns: list[Target] = []
        for document, target in asked:
            reading = target.work.task.open(document, target.work, target.row)
            if isinstance(reading, Outcome):
                self._judge(Result(target=target, outcome=reading))
                continue
            if reading.is_done:
                self._judge(Result(target=replace(target, reading=reading), outcome=Outcome(status=Status.OK)))
            turns += [replace(target, reading=reading, turn=turn) for turn in reading.turns()]
        # What is asked of the same chunk follows each other, so that the engine's cache has its text.
        for target in sorted(turns, key=lambda one: 0 if one.turn is None else one.turn.chunk):
            outcome = self.request(target)
            if isinstance(outcome, Request):
                self._ask(outcome)
            else:
                self._judge(outcome)

    def control(self, suspect: Request) -> Prompt:
        """A harmless prompt whose answer has the form of a suspect's."""
        return suspect.target.work.task.prompts.control(suspect.prompt.form)

    def request(self, target: Target) -> Request | Result:
        """Encode one turn of a reading; a result if it cannot be asked. May be called from another thread."""
        reading, turn = target.reading, target.turn
        assert reading is not None
        assert turn is not None
        task = target.work.task
        prompt = task.prompts.prompt(reading, turn)
        if isinstance(prompt, Outcome):
            return Result(target=target, outcome=prompt)
        digest = prompt_digest(prompt.tokens, key=task.key)
        variant = f"{prompt.sampling}{turn.recall > 0}{prompt.form.schema}"  # a bare prompt does not tell what is asked
        identity = prompt_digest(prompt.tokens, key=task.key, variant=variant)
        if (verdict := self._suspects.verdict(digest)) is not None:
            reason = verdict.reason
            return Result(target=target, outcome=Outcome(status=Status.REJECTED, reason=reason))
        alone = self._suspects.is_suspect(digest)
        return Request(target=target, prompt=prompt, identity=identity, digest=digest, alone=alone)
