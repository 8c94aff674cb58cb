"""The reading of one document: which prompts it takes, and what their answers come to.

A document is asked chunk by chunk, each chunk once or several times. An answer that is cut short, breaks the schema or
breaks a rule is asked again, within a bound; a recall pass looks for items that the lists lack. What the answers
say is grounded in the text, scored, and merged: samples of a chunk first, then the chunks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from glane.extract.align import Aligner
from glane.extract.confidence import Scorer, score_found
from glane.extract.ground import ground
from glane.extract.leaks import Leaks
from glane.extract.merge import add_recalled, merge_chunks, merge_passes
from glane.extract.parse import Judgement, parse
from glane.task.prompt import Message, PromptStyle, compact_json, messages, recall_note, repair_note
from glane.task.rules import Rules
from glane.task.task import TEXT_INPUT, Task
from glane.types import Chunk, Completion, Document, Extraction, Found, Status

_RECALLED_CHARACTERS = 4000  # of what a recall prompt repeats: beyond it, the prompt would crowd out the document


class Method:
    """How the documents of a task are read: what is the same for all of them, made once."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self.recall = task.recall_task() if task.passes.recall else None
        self.rules = Rules(task.rules, task.fields, task.input_columns)
        self.leaks = Leaks(task)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One prompt of a reading."""

    chunk: int
    sample: int = 0
    recall: int = 0  # number of the recall pass; 0 is the question itself
    repair: int = 0  # how often the answer to it was asked again
    is_longer: bool = False  # the answer was cut short: more room for it
    found: str = ""  # of a recall pass: what is known already, as JSON
    problem: str = ""  # of a repair: what was wrong


@dataclass(slots=True)
class _ChunkState:
    samples: list[Judgement] = field(default_factory=list)
    num_open: int = 0
    aligner: Aligner | None = None
    found: dict[str, Found] | None = None
    failure: Judgement | None = None


class Reading:
    """One document on its way. Used by one thread, once it is made."""

    def __init__(self, method: Method, document: Document, chunks: Sequence[Chunk]) -> None:
        assert document.text is not None
        self._method, self._task, self._document = method, method.task, document
        self.chunks = chunks
        self._states = [_ChunkState(num_open=self._task.passes.samples) for _ in chunks]
        self._num_open = len(chunks)
        self._prompt_tokens = self._output_tokens = self._num_repairs = 0
        self._finish_reason: str | None = None
        self._is_duplicate = True

    @property
    def is_done(self) -> bool:
        """Whether every chunk has its result."""
        return self._num_open == 0

    @property
    def is_duplicate(self) -> bool:
        """Whether every answer was one that had been computed for another document."""
        return self._is_duplicate

    def turns(self) -> list[Turn]:
        """The prompts to begin with."""
        return [
            Turn(chunk=chunk, sample=sample)
            for chunk in range(len(self.chunks))
            for sample in range(self._task.passes.samples)
        ]

    def task_of(self, turn: Turn) -> Task:
        """The task that a prompt asks."""
        if turn.recall:
            assert self._method.recall is not None
            return self._method.recall
        return self._task

    def messages(self, turn: Turn, *, style: PromptStyle, with_note: bool = True) -> list[Message]:
        """The prompt; without a note it asks what the first one asked."""
        notes = [recall_note(self._task, turn.found)] * bool(turn.found)
        notes += [repair_note(self._task, turn.problem)] * bool(turn.problem)
        inputs = {**self._document.inputs, TEXT_INPUT: self.chunks[turn.chunk].text}
        return messages(self.task_of(turn), inputs, style=style, note="\n".join(notes) if with_note else "")

    def take(self, turn: Turn, outcome: Completion | Judgement, *, duplicate: bool = False) -> list[Turn]:
        """Take the answer to a prompt, or why there is none. Return the prompts that follow from it."""
        state = self._states[turn.chunk]
        self._is_duplicate = self._is_duplicate and duplicate
        judgement = outcome
        if isinstance(outcome, Completion):
            self._prompt_tokens += outcome.num_prompt_tokens
            self._output_tokens += outcome.num_output_tokens
            judgement = self._judge(turn, outcome)
            if judgement.status in (Status.TRUNCATED, Status.INVALID) and turn.repair < self._task.repairs:
                self._num_repairs += 1
                is_longer = judgement.status is Status.TRUNCATED
                return [replace(turn, repair=turn.repair + 1, problem=judgement.reason or "", is_longer=is_longer)]
            self._finish_reason = outcome.finish_reason
        assert isinstance(judgement, Judgement)
        if turn.recall:
            return self._recalled(turn, state, judgement)
        state.samples.append(judgement)
        state.num_open -= 1
        if state.num_open:
            return []
        return self._sampled(turn, state)

    def extraction(self) -> Extraction:
        """The result of a reading that is done."""
        status, reason, found = self._verdict()
        return Extraction(
            status=status,
            reason=reason,
            found=found,
            leaked=None if found is None else self._method.leaks.in_answer(found, self._document.text or ""),
            finish_reason=self._finish_reason,
            num_prompt_tokens=self._prompt_tokens,
            num_output_tokens=self._output_tokens,
            num_chunks=len(self.chunks),
            num_repairs=self._num_repairs,
        )

    def _judge(self, turn: Turn, completion: Completion) -> Judgement:
        task = self.task_of(turn)
        judgement = parse(completion, task.fields)
        if judgement.found is None:
            return judgement
        if not turn.recall and (broken := self._method.rules.broken(judgement.found, self._document.inputs)):
            return Judgement(status=Status.INVALID, reason=f"the answer breaks the rule {broken[0]!r}")
        state, chunk = self._states[turn.chunk], self.chunks[turn.chunk]
        state.aligner = state.aligner or Aligner(chunk.text, offset=chunk.start)
        ground(judgement.found, state.aligner)
        if completion.scores is not None and (scorer := Scorer.of(completion.text, completion.scores())):
            for name, one in judgement.found.items():
                score_found(one, task.fields[name], scorer)
        return judgement

    def _sampled(self, turn: Turn, state: _ChunkState) -> list[Turn]:
        """All samples of a chunk are there."""
        usable = [judgement.found for judgement in state.samples if judgement.found is not None]
        if not usable:
            state.failure = state.samples[0]
            return self._close(state)
        state.found = merge_passes(usable, self._task.fields) if self._task.passes.samples > 1 else usable[0]
        return self._next_recall(turn, state)

    def _recalled(self, turn: Turn, state: _ChunkState, judgement: Judgement) -> list[Turn]:
        """A recall pass adds what it found; one that failed takes nothing away."""
        assert state.found is not None
        if judgement.found is None:
            return self._close(state)
        state.found = add_recalled(state.found, judgement.found, self._task.fields)
        return self._next_recall(turn, state)

    def _next_recall(self, turn: Turn, state: _ChunkState) -> list[Turn]:
        if turn.recall >= self._task.passes.recall:
            return self._close(state)
        assert state.found is not None
        said = {name: _said(state.found[name]) for name in self._task.list_fields}
        known = compact_json(said)[:_RECALLED_CHARACTERS]
        return [Turn(chunk=turn.chunk, recall=turn.recall + 1, found=known)]

    def _close(self, state: _ChunkState) -> list[Turn]:
        """A chunk has its result."""
        self._num_open -= 1
        state.samples, state.aligner = [], None
        return []

    def _verdict(self) -> tuple[Status, str | None, dict[str, Found] | None]:
        several = len(self._states) > 1
        for number, state in enumerate(self._states, start=1):
            if state.failure is not None:
                reason = state.failure.reason
                return (
                    state.failure.status,
                    f"chunk {number} of {len(self._states)}: {reason}" if several else reason,
                    None,
                )
        found = [state.found for state in self._states if state.found is not None]
        if not several:
            return Status.OK, None, found[0]
        merged = merge_chunks(found, self._task.fields)
        if broken := self._method.rules.broken(merged, self._document.inputs):
            return Status.INVALID, f"the chunks together break the rule {broken[0]!r}", None
        return Status.OK, None, merged


def _said(one: Found) -> Any:
    """What was found, as a prompt repeats it: values alone."""
    if one.items is not None:
        return [_said(item) for item in one.items]
    if one.fields is not None:
        return {name: _said(inner) for name, inner in one.fields.items() if not inner.is_null}
    return one.value.isoformat() if hasattr(one.value, "isoformat") else one.value
