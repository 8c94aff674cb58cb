"""The preview: prompts and answers of a few documents, before anything is run. It writes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable

from glane.cluster.guarding import guarded_run
from glane.cluster.processes import core_dumps
from glane.corpus.unchanged import content_digest
from glane.engine.device import has_gpu
from glane.engine.protocol import Engine, RequestRefused
from glane.engine.registry import start_engine
from glane.engine.weights import refuse_changed
from glane.extraction.checked import checked_lines
from glane.extraction.prompts import PromptBuilder
from glane.extraction.some_documents import some_documents
from glane.languages import in_language
from glane.normalisation.derive import Derivation
from glane.reading.parse import Outcome
from glane.reading.reading import Reading, Turn
from glane.settings import ResolvedSettings
from glane.task.task import Task
from glane.types import Completion, Document, Status


def preview(settings: ResolvedSettings, task: Task, *, show: Callable[[str], None]) -> None:
    """Show the rendered prompt and the answer of the first `settings.preview` selected documents.

    Prompts and answers hold text of documents. They go to `show` alone, because the user asked to see them.

    Raises:
        GlaneError: as the job itself would.
    """
    model = settings.model
    refuse_changed(model, content_digest)
    documents, notes = some_documents(settings.data, task, most=settings.preview, shard_bytes=settings.run.shard_bytes)
    for note in notes:
        show(f"note: {in_language(note)}")
    derivation = Derivation(task)
    with core_dumps(allowed=settings.run.core_dumps), guarded_run(settings.run):
        engine = start_engine(model, device="gpu" if has_gpu() else "cpu", cpus=len(os.sched_getaffinity(0)))
        try:
            _Preview(engine, PromptBuilder(engine, task, model), derivation, show).run(documents)
        finally:
            engine.close()


class _Preview:
    """Asks about all documents at once, as a run does, and shows each prompt, answer and status."""

    def __init__(
        self, engine: Engine, prompts: PromptBuilder, derivation: Derivation, show: Callable[[str], None]
    ) -> None:
        self._engine, self._prompts, self._derivation, self._show = engine, prompts, derivation, show
        self._asked: dict[str, tuple[Document, Reading, Turn]] = {}
        self._num_asked = 0
        self._closed: set[str | int] = set()

    def run(self, documents: list[Document]) -> None:
        for document in documents:
            reading = self._prompts.open(document)
            if isinstance(reading, Outcome):
                self._show(f"=== {document.id}: {reading.status} ({in_language(str(reading.reason))})\n")
                continue
            for turn in reading.turns():
                self._ask(document, reading, turn)
        while self._asked:
            for request_id, completion in self._engine.step():
                self._answered(*self._asked.pop(request_id), completion)

    def _ask(self, document: Document, reading: Reading, turn: Turn) -> None:
        prompt = self._prompts.prompt(reading, turn)
        if isinstance(prompt, Outcome):
            self._take(document, reading, turn, prompt)
            return
        text = self._engine.decode(prompt.tokens)
        head = in_language(f"prompt{_which(reading, turn)}, {len(prompt.tokens)} tokens")
        self._show(f"=== {document.id}: {head}\n{text}\n")
        self._num_asked += 1
        request_id = str(self._num_asked)
        self._asked[request_id] = (document, reading, turn)
        try:
            self._engine.add(request_id, prompt.tokens, form=prompt.form, text=prompt.text, sampling=prompt.sampling)
        except RequestRefused as refusal:
            del self._asked[request_id]
            self._take(document, reading, turn, Outcome(status=Status.REJECTED, reason=str(refusal)))

    def _answered(self, document: Document, reading: Reading, turn: Turn, completion: Completion) -> None:
        thought = f" + {completion.num_reasoning_tokens} of thinking" if completion.num_reasoning_tokens else ""
        tokens = f"{completion.num_prompt_tokens}{thought} + {completion.num_output_tokens} tokens"
        head = in_language(f"answer{_which(reading, turn)}, {tokens}")
        self._show(f"=== {document.id}: {head}\n{completion.text}\n")
        self._take(document, reading, turn, completion)

    def _take(self, document: Document, reading: Reading, turn: Turn, outcome: Completion | Outcome) -> None:
        for follower in reading.take(turn, outcome):
            self._ask(document, reading, follower)
        if reading.is_done and document.id not in self._closed:
            self._closed.add(document.id)
            result = self._derivation.of(reading.extraction(), reading.around)
            why = f" ({in_language(result.reason)})" if result.reason else ""
            self._show(f"=== {document.id}: {result.status}{why}\n")
            for line in checked_lines(result):
                self._show(line)


def _which(reading: Reading, turn: Turn) -> str:
    """Which of a document's prompts this is; empty if it has a single one."""
    several = len(reading.chunks) > 1
    words = [f"chunk {turn.chunk + 1} of {len(reading.chunks)}"] * several
    words += [f"sample {turn.sample + 1}"] * bool(turn.sample)
    words += [f"recall {turn.recall}"] * bool(turn.recall) + [f"repair {turn.repair}"] * bool(turn.repair)
    return f" ({', '.join(words)})" if words else ""
