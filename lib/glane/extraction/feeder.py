"""The feeder of a worker: claims shards, reads their documents, and encodes prompts ahead of the engine."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from glane.corpus.blank import is_blank
from glane.extraction.kept import Keeper
from glane.extraction.prompts import Prompt, PromptBuilder
from glane.extraction.reader import AnyReader
from glane.extraction.rejections import rejection_reason
from glane.extraction.shardwork import ShardWork
from glane.reading.parse import Outcome
from glane.reading.reading import Reading, Turn
from glane.run.deaths import Suspects, prompt_digest
from glane.run.repeats import content_digest
from glane.run.shards import Shards
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


def document_digest(document: Document, *, key: str) -> bytes | None:
    """The digest of what the prompts to a document are made of; None where nothing is asked.

    Groups have none: their headings name their documents, so that no two are the same.
    """
    if document.text is None or document.pieces is not None or is_blank(document.text):
        return None
    content = json.dumps([document.text, sorted(document.inputs.items())])  # lone surrogates are escaped
    return content_digest(content.encode(), key=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """Of a run that extends another: what its rows keep, and the prompts for the other fields."""

    keeper: Keeper
    prompts: PromptBuilder


class Feeder:
    """Runs in a thread of its own. `ask` takes its requests and `judge` its results; both wait if a queue is full."""

    def __init__(
        self,
        *,
        prompts: PromptBuilder,
        extension: Extension | None,
        shards: Shards,
        reader: AnyReader,
        suspects: Suspects,
        key: str,
        ask: Callable[[Request], None],
        judge: Callable[[Result], None],
        has_failed: Callable[[], bool],
    ) -> None:
        self._prompts, self._shards, self._reader = prompts, shards, reader
        self._extension = extension
        self._suspects, self._key = suspects, key
        self._ask, self._judge, self._has_failed = ask, judge, has_failed

    def run(self) -> None:
        """Feed until no shard is left to claim, the worker must stop, or another of its threads has failed."""
        num_large = self._shards.plan.num_large
        for shard in self._shards.claim_each(until=self._has_failed):
            self._suspects.refresh()
            rows = self._reader.read(shard)
            digests = [document_digest(one, key=self._key) for one in rows.documents]
            known = None if self._extension is None else self._extension.keeper.of(shard.index, rows.documents)
            work = ShardWork(index=shard.index, kept=rows.kept, digests=digests, known=known)
            order = list(enumerate(rows.documents))
            if shard.index >= num_large:
                # Near the end of the run, long documents come first, so that none of them is left to the end.
                order.sort(key=lambda one: -len(one[1].text or ""))
            if self._suspects.are_there:
                # Random order: if the engine is killed from outside soon after each start, the suspect is not always
                # the same harmless document.
                random.shuffle(order)
            for row, document in order:
                if self._has_failed():
                    return
                self._prepare(document, Target(work=work, row=row))

    def _prepare(self, document: Document, target: Target) -> None:
        """Turn a document into requests, or into a result if nothing can be asked."""
        reading = self._opened(document, target)
        if isinstance(reading, Outcome):
            self._judge(Result(target=target, outcome=reading))
            return
        if reading.is_done:
            self._judge(Result(target=replace(target, reading=reading), outcome=Outcome(status=Status.OK)))
        for turn in reading.turns():
            outcome = self.request(replace(target, reading=reading, turn=turn))
            if isinstance(outcome, Request):
                self._ask(outcome)
            else:
                self._judge(outcome)

    def _opened(self, document: Document, target: Target) -> Reading | Outcome:
        known = target.work.known
        if self._extension is None or known is None or (beside := known.beside[target.row]) is None:
            return self._prompts.open(document)
        return self._extension.prompts.open(document, beside=beside)

    def control(self, suspect: Request) -> Prompt:
        """A harmless prompt whose answer has the form of a suspect's."""
        return self._prompts.control(suspect.prompt.form)

    def request(self, target: Target) -> Request | Result:
        """Encode one turn of a reading; a result if it cannot be asked. May be called from another thread."""
        reading, turn = target.reading, target.turn
        assert reading is not None
        assert turn is not None
        prompt = self._prompts.prompt(reading, turn)
        if isinstance(prompt, Outcome):
            return Result(target=target, outcome=prompt)
        digest = prompt_digest(prompt.tokens, key=self._key)
        variant = f"{prompt.sampling}{turn.recall > 0}{prompt.form.schema}"  # a bare prompt does not tell what is asked
        identity = prompt_digest(prompt.tokens, key=self._key, variant=variant)
        if (verdict := self._suspects.verdict(digest)) is not None:
            reason = rejection_reason(verdict)
            return Result(target=target, outcome=Outcome(status=Status.REJECTED, reason=reason))
        alone = self._suspects.is_suspect(digest)
        return Request(target=target, prompt=prompt, identity=identity, digest=digest, alone=alone)
