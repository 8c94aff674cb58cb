"""The reading of one document: which prompts are asked, and how their answers become one result.

Each chunk of a document is asked once or several times. If an answer is cut short, or breaks the schema or a rule, its
prompt is repeated, a limited number of times. Recall passes look for list items that are still missing. The values are
then located in the text, scored, and merged: first the samples of a chunk, then the chunks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from glane.form import WALL
from glane.reading.align import Aligner
from glane.reading.confidence import Scorer, Wrappers, score_values
from glane.reading.ground import ground
from glane.reading.leaks import Leaks
from glane.reading.merge import merge_chunks, merge_passes
from glane.reading.parse import Outcome, parse
from glane.reading.pieces import GroupAligner, name_documents, parts_shown
from glane.reading.question import Question, QuestionsOfParts
from glane.reading.recalled import add_recalled, places_without_passage, recalled_places
from glane.reading.support import forced_quote, judge, not_in_quote
from glane.reading.suspicion import Suspicion
from glane.task.prompt import (
    Part,
    PromptShape,
    PromptStyle,
    document_head,
    problem_words,
    repair_note,
)
from glane.task.recall import known_json
from glane.task.rules import Rules, names_in
from glane.task.task import TEXT_INPUT, Task
from glane.types import Chunk, Completion, Document, ExtractedValue, Extraction, Message, Status


class ReadingPlan:
    """Everything that the readings of a task share: questions, rules and examples. Made once."""

    def __init__(
        self, task: Task, *, style: PromptStyle, shape: PromptShape = "system", whole: Task | None = None
    ) -> None:
        """`whole` is the task of which `task` asks some fields; the others are known (`Reading`)."""
        self.task = task
        whole = whole or task
        self.questions = QuestionsOfParts(task, style=style, shape=shape)
        self.rules = Rules(task.rules, whole.fields, task.input_columns)
        self.mendable = self.rules
        if whole is not task:  # another answer can mend those alone that name a field that is asked
            mendable = [rule for rule in task.rules if names_in(rule) & set(task.fields)]
            self.mendable = Rules(mendable, whole.fields, task.input_columns)
        self.wrappers = Wrappers.of(task.spelling)
        self.suspicion = Suspicion(whole.fields, task.spelling)
        self.leaks = Leaks(task.examples if style == "full" else (), task.fields)  # a bare prompt shows no example


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One prompt of a reading."""

    chunk: int
    sample: int = 0
    recall: int = 0  # number of the recall pass; 0 is the main question
    repair: int = 0  # how often this prompt was asked again
    is_longer: bool = False  # the answer before was cut short: it gets a larger token budget
    found: str = ""  # in a recall pass: what earlier answers found, as JSON
    problem: str = ""  # in a repair: what was wrong with the answer before


@dataclass(slots=True)
class _ChunkState:
    samples: list[Outcome] = field(default_factory=list)
    num_open: int = 0
    aligner: Aligner | GroupAligner | None = None
    found: dict[str, ExtractedValue] | None = None
    failure: Outcome | None = None


class Reading:
    """The state of one document while it is asked. After it is made, only one thread may use it."""

    def __init__(
        self,
        plan: ReadingPlan,
        document: Document,
        chunks: Sequence[Chunk],
        *,
        beside: Mapping[str, ExtractedValue] | None = None,
    ) -> None:
        """`beside` are values of fields that are not asked. Without chunks, nothing is asked."""
        assert document.text is not None
        self._beside = dict(beside or {})
        self._plan, self._task, self._document = plan, plan.task, document
        self.chunks = chunks
        self._asked = [plan.questions.of(number, len(chunks)) for number in range(len(chunks))]
        self._states = [_ChunkState(num_open=self._task.passes.samples) for _ in chunks]
        self._num_open = sum(1 for asked in self._asked if asked.question is not None)
        self._prompt_tokens = self._output_tokens = self._num_repairs = 0
        self._finish_reason: str | None = None
        self._is_duplicate = True

    @property
    def is_done(self) -> bool:
        """Whether every chunk of which something is asked has its result."""
        return self._num_open == 0

    @property
    def is_duplicate(self) -> bool:
        """Whether every answer was reused from another document."""
        return self._is_duplicate and bool(self._states)

    @property
    def around(self) -> Mapping[str, ExtractedValue | str | None]:
        """What stands beside the answers: the document's columns as the prompt shows them, and fields not asked."""
        return {**self._document.inputs, **self._beside}

    def turns(self) -> list[Turn]:
        """The first prompts."""
        return [
            Turn(chunk=chunk, sample=sample)
            for chunk, asked in enumerate(self._asked)
            if asked.question is not None
            for sample in range(self._task.passes.samples)
        ]

    def question(self, turn: Turn) -> Question:
        """The question of a prompt: the fields that its chunk is asked, or the lists of a recall pass."""
        asked = self._asked[turn.chunk]
        found = asked.recall if turn.recall else asked.question
        assert found is not None
        return found

    def messages(self, turn: Turn) -> list[Message]:
        """The messages of a prompt."""
        note = repair_note(self._task, turn.problem) if turn.problem else ""
        inputs = {**self._document.inputs, TEXT_INPUT: self.chunks[turn.chunk].text}
        pieces, part = self._document.pieces, self._part(turn.chunk)
        group = () if pieces is None else parts_shown(self.chunks[turn.chunk], pieces)
        template = self.question(turn).template
        return template.messages(inputs, part=part, known=turn.found, note=note, group=group)

    def _part(self, chunk: int) -> Part | None:
        if len(self.chunks) == 1:
            return None
        head = document_head(self._document.text or "") if chunk and self._document.pieces is None else ""
        return Part(number=chunk + 1, of=len(self.chunks), head=head)

    def take(self, turn: Turn, answer: Completion | Outcome, *, duplicate: bool = False) -> list[Turn]:
        """Take the answer to a prompt, or the reason why there is none. Return the prompts to ask next."""
        state = self._states[turn.chunk]
        self._is_duplicate = self._is_duplicate and duplicate
        outcome = answer
        if isinstance(answer, Completion):
            self._prompt_tokens += answer.num_prompt_tokens  # those of a reused answer, too: who was first, is chance
            self._output_tokens += answer.num_output_tokens + answer.num_reasoning_tokens
            outcome = parse(answer, self.question(turn).fields, self._task.spelling)
            if turn.repair < self._task.repairs and (problem := self._problem(turn, outcome)):
                self._num_repairs += 1
                is_longer = turn.is_longer or outcome.status is Status.TRUNCATED
                return [replace(turn, repair=turn.repair + 1, problem=problem, is_longer=is_longer)]
            self._finish_reason = answer.finish_reason
            if outcome.found is not None:
                self._support(turn, outcome.found, answer)
        assert isinstance(outcome, Outcome)
        if turn.recall:
            return self._recalled(turn, state, outcome)
        state.samples.append(outcome)
        state.num_open -= 1
        if state.num_open:
            return []
        return self._sampled(turn, state)

    def extraction(self) -> Extraction:
        """The result of the document. Only for a reading that is done."""
        status, reason, found = self._verdict()
        broken = [] if found is None else self._plan.rules.broken(self._beside | found, self._document.inputs)
        if found is not None and (rejecting := [one.rule for one in broken if one.if_broken == "reject"]):
            status, reason, found = Status.INVALID, f"the answer breaks the rule {rejecting[0]!r}", None
        text = "\n".join([self._document.text or "", *self._document.inputs.values()])
        if self._document.pieces is not None:
            text = text.replace(WALL, "\n\n")
            name_documents(found or {}, self._document.pieces)
        return Extraction(
            status=status,
            reason=reason,
            found=found,
            broken_rules=None if found is None else [one.rule for one in broken],
            leaked=None if found is None else self._plan.leaks.in_answer(found, text),
            suspicious=None if found is None else self._plan.suspicion.in_text(text),
            not_in_quote=None if found is None else not_in_quote(found, self._task.fields),
            forced_quote=None if found is None else forced_quote(found, self._task.fields),
            recalled=None if found is None else recalled_places(found),
            recalled_without_passage=None if found is None else places_without_passage(found),
            finish_reason=self._finish_reason,
            num_prompt_tokens=self._prompt_tokens if self.chunks else None,
            num_output_tokens=self._output_tokens if self.chunks else None,
            num_chunks=len(self.chunks) or None,
            num_repairs=self._num_repairs,
        )

    def _problem(self, turn: Turn, outcome: Outcome) -> str:
        """What is wrong and could be right in another answer; empty if nothing is.

        Rules are about whole documents, so they are not checked on one of several chunks.
        """
        if outcome.status is Status.TRUNCATED:
            return problem_words(self._task, is_cut=True)
        if outcome.status is Status.INVALID:
            return problem_words(self._task, place=outcome.place)
        if outcome.found is None or turn.recall or len(self.chunks) > 1:
            return ""
        broken = self._plan.mendable.broken(self._beside | outcome.found, self._document.inputs)
        return problem_words(self._task, rule=broken[0].rule) if broken else ""

    def _support(self, turn: Turn, found: dict[str, ExtractedValue], completion: Completion) -> None:
        """Set evidence and confidence of all values in an answer."""
        state, chunk = self._states[turn.chunk], self.chunks[turn.chunk]
        if state.aligner is None:
            pieces = self._document.pieces
            state.aligner = Aligner(chunk.text, offset=chunk.start) if pieces is None else GroupAligner(chunk, pieces)
        fields = self.question(turn).fields
        ground(found, state.aligner)
        judge(found, fields, chunk.text, chunk.start)
        if completion.scores is not None and (
            scorer := Scorer.of(completion.text, completion.scores(), self._plan.wrappers)
        ):
            for name, one in found.items():
                score_values(one, fields[name], scorer)

    def _sampled(self, turn: Turn, state: _ChunkState) -> list[Turn]:
        """Merge the samples of a chunk, once all are answered."""
        usable = [outcome.found for outcome in state.samples if outcome.found is not None]
        if not usable:
            state.failure = state.samples[0]
            return self._close(state)
        samples = self._task.passes.samples
        # A sample that could not be used agrees with nothing.
        fields = self.question(turn).fields
        state.found = merge_passes(usable, fields, num_passes=samples) if samples > 1 else usable[0]
        return self._next_recall(turn, state)

    def _recalled(self, turn: Turn, state: _ChunkState, outcome: Outcome) -> list[Turn]:
        """Add the items of a recall pass. A pass that failed removes nothing."""
        assert state.found is not None
        if outcome.found is None:
            return self._close(state)
        asked = self._asked[turn.chunk].question
        assert asked is not None
        before = known_json(asked.task, state.found)
        state.found = add_recalled(state.found, outcome.found, asked.fields)
        if known_json(asked.task, state.found) == before:
            return self._close(state)  # the next pass would be the same prompt
        return self._next_recall(turn, state)

    def _next_recall(self, turn: Turn, state: _ChunkState) -> list[Turn]:
        asked = self._asked[turn.chunk]
        if turn.recall >= self._task.passes.recall or asked.recall is None:
            return self._close(state)
        assert state.found is not None
        assert asked.question is not None
        return [Turn(chunk=turn.chunk, recall=turn.recall + 1, found=known_json(asked.question.task, state.found))]

    def _close(self, state: _ChunkState) -> list[Turn]:
        """End the work on a chunk, and free its memory."""
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
        if not self._states:
            return Status.OK, None, {}
        return Status.OK, None, merge_chunks(found, self._task.fields) if several else found[0]
