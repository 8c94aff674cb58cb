"""From documents to encoded prompts, for one engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from glane.engine.protocol import Engine, Sampling
from glane.form import Form
from glane.reading.parse import Outcome
from glane.reading.reading import Reading, ReadingPlan, Turn
from glane.reading.split import split
from glane.settings import ModelSettings
from glane.task.task import TEXT_INPUT, Task
from glane.types import Chunk, Document, Message, Status

_LONGEST_TOKEN = 32  # characters; a longer text than this many per token cannot fit, and is not encoded to prove it
_LEAST_KNOWN = 100  # characters of a recall note, below which it says too little
_LEAST_ROOM = 16  # tokens of text that a chunk must be able to hold
_NOTE_TOKENS = 1500  # room that recall prompts need for what is known already
_JOIN_TOKENS = 8  # where text meets template, a token or two more than either has alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What an engine is asked, and how. `shown` is what it was encoded from."""

    tokens: list[int]
    form: Form  # of the answer
    text: str  # of the document, or of its chunk
    sampling: Sampling
    shown: list[Message]


class PromptBuilder:
    """Opens readings of documents and encodes their turns. Its methods may be called from several threads."""

    def __init__(self, engine: Engine, task: Task, model: ModelSettings) -> None:
        self._engine, self._model = engine, model
        self._method = ReadingPlan(task, style=model.prompt_style)
        self._room: tuple[Mapping[str, str], int] | None = None

    def open(self, document: Document) -> Reading | Outcome:
        """Begin to read a document; a judgement where nothing can be asked about it."""
        if document.problem is not None:
            return Outcome(status=Status.REJECTED, reason=document.problem)
        if document.text is None or not document.text.strip():
            reason = "the text is null" if document.text is None else "the text is blank"
            return Outcome(status=Status.EMPTY, reason=reason)
        chunks = self._chunks(document, document.text)
        return chunks if isinstance(chunks, Outcome) else Reading(self._method, document, chunks)

    def prompt(self, reading: Reading, turn: Turn) -> Prompt | Outcome:
        """Encode one turn; a judgement where it is too long."""
        limit = self._engine.max_prompt_tokens
        shown = reading.messages(turn)
        tokens = self._engine.encode(shown)
        while len(tokens) > limit and (turn.found or turn.problem):  # what fitted once must fit again
            # Half of what is known already, then half of that, and at last the plain question.
            shorter = turn.found[: len(turn.found) // 2]
            turn = replace(turn, found=shorter if len(shorter) > _LEAST_KNOWN else "", problem="")
            shown = reading.messages(turn)
            tokens = self._engine.encode(shown)
        if len(tokens) > limit:
            return self._too_long(f"the prompt has {len(tokens)} tokens")
        return Prompt(
            tokens=tokens,
            form=reading.question(turn).form,
            text=reading.chunks[turn.chunk].text,
            sampling=self._sampling(turn, len(tokens)),
            shown=shown,
        )

    def _sampling(self, turn: Turn, num_prompt_tokens: int) -> Sampling:
        """Seeds are fixed by what is asked: the same run asks the same way again."""
        model, passes = self._model, self._method.task.passes
        is_drawn = passes.samples > 1 or turn.repair > 0
        longer = min(2 * model.max_tokens, model.max_model_len - num_prompt_tokens)
        return Sampling(
            temperature=passes.temperature if is_drawn else model.sampling.temperature,
            seed=model.sampling.seed + turn.sample + 1000 * turn.repair,
            max_tokens=longer if turn.is_longer else model.max_tokens,
        )

    def _chunks(self, document: Document, text: str) -> list[Chunk] | Outcome:
        splitting, count = self._method.task.split, self._engine.count_tokens
        if splitting is None:
            if len(text) > self._engine.max_prompt_tokens * _LONGEST_TOKEN:
                return self._too_long(f"{len(text)} characters")
            return [Chunk(text=text, start=0, end=len(text))]
        room = self._room_for_text(document)
        if room < _LEAST_ROOM:
            return self._too_long(f"all that is not text leaves it {max(room, 0)} tokens of the prompt")
        wanted = room if splitting.max_tokens == "auto" else min(room, splitting.max_tokens)
        overlap = min(splitting.overlap_tokens, wanted // 2)
        return list(split(text, max_tokens=wanted, overlap_tokens=overlap, count_tokens=count))

    def _room_for_text(self, document: Document) -> int:
        """Tokens of text that a prompt can hold beside all else that it says."""
        if self._room is None or self._room[0] != document.inputs:  # most tasks have no other inputs: counted once
            empty = self._method.question.template.messages({**document.inputs, TEXT_INPUT: ""})
            notes = _NOTE_TOKENS if self._method.recall is not None else 0
            room = self._engine.max_prompt_tokens - len(self._engine.encode(empty)) - notes - _JOIN_TOKENS
            self._room = (document.inputs, room)
        return self._room[1]

    def _too_long(self, what: str) -> Outcome:
        remedy = "" if self._method.task.split is not None else "; with task.split it would be asked in chunks"
        reason = f"{what}; a prompt may have {self._engine.max_prompt_tokens}{remedy}"
        return Outcome(status=Status.TOO_LONG, reason=reason)
