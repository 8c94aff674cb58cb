"""The reading of one document: which prompts it takes, and what their answers come to.

A document is asked chunk by chunk, each chunk once or several times. An answer that is cut short, breaks the schema or
breaks a rule is asked again, within a bound; a recall pass looks for items that the lists lack. What the answers
say is grounded in the text, scored, and merged: samples of a chunk first, then the chunks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from glane.reading.align import Aligner
from glane.reading.confidence import Scorer, score_values
from glane.reading.ground import ground
from glane.reading.leaks import Leaks
from glane.reading.merge import add_recalled, merge_chunks, merge_passes
from glane.reading.parse import Outcome, parse
from glane.reading.same import plain_of
from glane.task.examples import plain_json
from glane.task.form import answer_form
from glane.task.prompt import PromptStyle, PromptTemplate, compact_json, recall_note, repair_note
from glane.task.rules import Rules
from glane.task.task import TEXT_INPUT, Task
from glane.types import Chunk, Completion, Document, ExtractedValue, Extraction, Message, Status


class Question:
    """What a prompt asks: all fields of the task, or the lists of a recall pass. Made once for all documents."""

    def __init__(self, task: Task, *, style: PromptStyle) -> None:
        self.fields = task.fields
        self.template = PromptTemplate(task, style=style)
        self.form = answer_form(task)


class ReadingPlan:
    """How the documents of a task are read: what is the same for all of them, made once."""

    def __init__(self, task: Task, *, style: PromptStyle) -> None:
        self.task = task
        self.question = Question(task, style=style)
        self.recall = Question(task.recall_task(), style=style) if task.passes.recall else None
        self.rules = Rules(task.rules, task.fields, task.input_columns)
        self.leaks = Leaks(task.examples if style == "full" else (), task.fields)  # a bare prompt shows no example


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
    samples: list[Outcome] = field(default_factory=list)
    num_open: int = 0
    aligner: Aligner | None = None
    found: dict[str, ExtractedValue] | None = None
    failure: Outcome | None = None


class Reading:
    """One document on its way. Used by one thread, once it is made."""

    def __init__(self, method: ReadingPlan, document: Document, chunks: Sequence[Chunk]) -> None:
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

    def question(self, turn: Turn) -> Question:
        """What a prompt asks."""
        if turn.recall:
            assert self._method.recall is not None
            return self._method.recall
        return self._method.question

    def messages(self, turn: Turn) -> list[Message]:
        """The prompt."""
        notes = [recall_note(self._task, turn.found)] * bool(turn.found)
        notes += [repair_note(self._task, turn.problem)] * bool(turn.problem)
        inputs = {**self._document.inputs, TEXT_INPUT: self.chunks[turn.chunk].text}
        return self.question(turn).template.messages(inputs, note="\n".join(notes))

    def take(self, turn: Turn, outcome: Completion | Outcome, *, duplicate: bool = False) -> list[Turn]:
        """Take the answer to a prompt, or why there is none. Return the prompts that follow from it."""
        state = self._states[turn.chunk]
        self._is_duplicate = self._is_duplicate and duplicate
        judgement = outcome
        if isinstance(outcome, Completion):
            if not duplicate:  # what was computed for another document costs nothing here
                self._prompt_tokens += outcome.num_prompt_tokens
                self._output_tokens += outcome.num_output_tokens
            judgement = parse(outcome, self.question(turn).fields, self._task.spelling)
            if turn.repair < self._task.repairs and (problem := self._problem(turn, judgement)):
                self._num_repairs += 1
                is_longer = turn.is_longer or judgement.status is Status.TRUNCATED
                return [replace(turn, repair=turn.repair + 1, problem=problem, is_longer=is_longer)]
            self._finish_reason = outcome.finish_reason
            if judgement.found is not None:
                self._support(turn, judgement.found, outcome)
        assert isinstance(judgement, Outcome)
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
        broken = [] if found is None else self._method.rules.broken(found, self._document.inputs)
        if found is not None and (rejecting := [one.rule for one in broken if one.if_broken == "reject"]):
            status, reason, found = Status.INVALID, f"the answer breaks the rule {rejecting[0]!r}", None
        texts = [self._document.text or "", *self._document.inputs.values()]
        return Extraction(
            status=status,
            reason=reason,
            found=found,
            broken_rules=None if found is None else [one.rule for one in broken],
            leaked=None if found is None else self._method.leaks.in_answer(found, "\n".join(texts)),
            finish_reason=self._finish_reason,
            num_prompt_tokens=self._prompt_tokens,
            num_output_tokens=self._output_tokens,
            num_chunks=len(self.chunks),
            num_repairs=self._num_repairs,
        )

    def _problem(self, turn: Turn, judgement: Outcome) -> str:
        """What another answer might mend; empty if there is nothing. Rules are for whole documents, not for chunks."""
        if judgement.status in (Status.TRUNCATED, Status.INVALID):
            return judgement.reason or str(judgement.status)
        if judgement.found is None or turn.recall or len(self.chunks) > 1:
            return ""
        broken = self._method.rules.broken(judgement.found, self._document.inputs)
        return f"the answer breaks the rule {broken[0].rule!r}" if broken else ""

    def _support(self, turn: Turn, found: dict[str, ExtractedValue], completion: Completion) -> None:
        """Set evidence and confidence of everything in an answer."""
        state, chunk = self._states[turn.chunk], self.chunks[turn.chunk]
        state.aligner = state.aligner or Aligner(chunk.text, offset=chunk.start)
        ground(found, state.aligner)
        if completion.scores is not None and (scorer := Scorer.of(completion.text, completion.scores())):
            fields = self.question(turn).fields
            for name, one in found.items():
                score_values(one, fields[name], scorer)

    def _sampled(self, turn: Turn, state: _ChunkState) -> list[Turn]:
        """All samples of a chunk are there."""
        usable = [judgement.found for judgement in state.samples if judgement.found is not None]
        if not usable:
            state.failure = state.samples[0]
            return self._close(state)
        samples = self._task.passes.samples
        # A sample that could not be used agrees with nothing.
        state.found = merge_passes(usable, self._task.fields, num_passes=samples) if samples > 1 else usable[0]
        return self._next_recall(turn, state)

    def _recalled(self, turn: Turn, state: _ChunkState, judgement: Outcome) -> list[Turn]:
        """A recall pass adds what it found; one that failed takes nothing away."""
        assert state.found is not None
        if judgement.found is None:
            return self._close(state)
        before, state.found = state.found, add_recalled(state.found, judgement.found, self._task.fields)
        if _num_items(state.found) == _num_items(before):
            return self._close(state)  # the next pass would ask the very same
        return self._next_recall(turn, state)

    def _next_recall(self, turn: Turn, state: _ChunkState) -> list[Turn]:
        if turn.recall >= self._task.passes.recall:
            return self._close(state)
        assert state.found is not None
        said = {name: _said(state.found[name]) for name in self._task.list_fields}
        known = compact_json(self._task.spelling.in_answer(said))
        return [Turn(chunk=turn.chunk, recall=turn.recall + 1, found=known)]

    def _close(self, state: _ChunkState) -> list[Turn]:
        """A chunk has its result."""
        self._num_open -= 1
        state.samples, state.aligner = [], None
        return []

    def _verdict(self) -> tuple[Status, str | None, dict[str, ExtractedValue] | None]:
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
        return Status.OK, None, merge_chunks(found, self._task.fields) if several else found[0]


def _num_items(found: Mapping[str, ExtractedValue]) -> int:
    return sum(len(one.items or ()) for one in found.values())


def _said(one: ExtractedValue) -> Any:
    """What was found, as a prompt repeats it: values alone, nulls left out."""
    if one.items is not None:
        return [_said(item) for item in one.items]
    if one.fields is not None:
        return {name: _said(inner) for name, inner in one.fields.items() if not inner.is_null}
    return plain_json(plain_of(one))
