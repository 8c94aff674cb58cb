"""Splits documents and encodes their prompts, for one engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from glane.corpus.blank import is_blank
from glane.engine.protocol import Encoder, Sampling
from glane.form import Form
from glane.reading.parse import Outcome
from glane.reading.pieces import parts_shown
from glane.reading.question import narrowed
from glane.reading.reading import Reading, ReadingPlan, Turn
from glane.reading.split import split
from glane.reading.split_group import split_group
from glane.settings import ModelSettings
from glane.task.prompt import Part, PromptShape, Shown, document_head
from glane.task.task import TEXT_INPUT, Task
from glane.types import Chunk, Document, ExtractedValue, Message, Piece, Status

_LONGEST_TOKEN = 32  # characters; a text with more per token of the limit cannot fit, so it is not encoded
_LEAST_KNOWN = 100  # characters; a shorter recall note is of no use
_MIN_TEXT_TOKENS = 16  # the least token budget for the text of a chunk
_NOTE_TOKENS = 1500  # token budget of recall prompts for what earlier answers found
_CONTROL_TEXT = "-"
_CONTROL_TOKENS = 16
_MANY = 999  # parts
_NOTHING = Shown(number=1, of=1, id="", order="", text="", is_continued=False)
_HEADING_TOKENS = 4  # beside its words: line breaks, and what joins worse than apart
_JOIN_TOKENS = 8  # text and template may take some more tokens together than apart


def least_prompt(task: Task) -> int:
    """The tokens that a prompt needs beside an empty question: of some text, and of what chunks have with them."""
    notes = _NOTE_TOKENS if task.passes.recall and task.split is not None else 0
    return _MIN_TEXT_TOKENS + (0 if task.split is None else _JOIN_TOKENS + notes)


def shape_of(model: ModelSettings) -> PromptShape:
    """The shape of a model's prompts; `auto` is the first, where nothing was tried."""
    return "system" if model.prompt_shape == "auto" else model.prompt_shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """An encoded prompt with form and sampling."""

    tokens: list[int]
    form: Form  # of the answer
    text: str  # the text of the document, or of its chunk
    sampling: Sampling


class PromptBuilder:
    """Opens readings of documents and encodes their turns. Several threads may call its methods."""

    def __init__(
        self, engine: Encoder, task: Task, model: ModelSettings, *, asked: Sequence[str] | None = None
    ) -> None:
        """`asked` are the fields of the task that are asked, if not all: of the others, values are known."""
        self._engine, self._model = engine, model
        self._asks = asked is None or bool(asked)
        part = narrowed(task, {name: task.fields[name] for name in asked}) if asked else task
        self._plan = ReadingPlan(part, style=model.prompt_style, shape=shape_of(model), whole=task)
        self._budget: tuple[Mapping[str, str], int] | None = None

    def open(self, document: Document, *, beside: Mapping[str, ExtractedValue] | None = None) -> Reading | Outcome:
        """Begin to read a document; the outcome if nothing can be asked about it.

        `beside` are the known values of the fields that are not asked. If none is asked, the reading is done.
        """
        if document.problem is not None:
            return Outcome(status=Status.REJECTED, reason=document.problem)
        if document.too_long is not None:
            return Outcome(status=Status.TOO_LONG, reason=document.too_long)
        if document.pieces is not None and not document.pieces:
            return Outcome(status=Status.EMPTY, reason="every document of the group is null or blank")
        if document.text is None or is_blank(document.text):
            reason = "the text is null" if document.text is None else "the text is blank"
            return Outcome(status=Status.EMPTY, reason=reason)
        chunks = self._chunks(document, document.text) if self._asks else ()
        return chunks if isinstance(chunks, Outcome) else Reading(self._plan, document, chunks, beside=beside)

    def prompt(self, reading: Reading, turn: Turn) -> Prompt | Outcome:
        """Encode one turn; the outcome TOO_LONG if it exceeds the engine's limit."""
        limit = self._engine.max_prompt_tokens
        shown = reading.messages(turn)
        tokens = self._engine.encode(shown)
        while len(tokens) > limit and (turn.found or turn.problem):  # without the note, the same prompt fitted before
            # The note is halved again and again, and removed at last.
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
        )

    def control(self, form: Form) -> Prompt:
        """A prompt that no document has to do with, whose answer has the given form and is short."""
        shown = [Message(role="user", content=_CONTROL_TEXT)]
        sampling = Sampling(temperature=0.0, seed=self._model.sampling.seed, max_tokens=_CONTROL_TOKENS)
        return Prompt(tokens=self._engine.encode(shown), form=form, text=_CONTROL_TEXT, sampling=sampling)

    def _sampling(self, turn: Turn, num_prompt_tokens: int) -> Sampling:
        """The sampling of a turn. The seed depends on the turn only, so that the same run gives the same requests."""
        model, passes = self._model, self._plan.task.passes
        is_drawn = passes.samples > 1 or turn.repair > 0
        longer = min(2 * model.max_tokens, model.max_model_len - model.thinking_room - num_prompt_tokens)
        return Sampling(
            temperature=passes.temperature if is_drawn else model.sampling.temperature,
            seed=model.sampling.seed + turn.sample + 1000 * turn.repair,
            max_tokens=longer if turn.is_longer else model.max_tokens,
        )

    def _chunks(self, document: Document, text: str) -> list[Chunk] | Outcome:
        splitting, count = self._plan.task.split, self._engine.count_tokens
        if splitting is None:
            if len(text) > self._engine.max_prompt_tokens * _LONGEST_TOKEN:
                return self._too_long(f"{len(text)} characters")
            return [Chunk(text=text, start=0, end=len(text))]
        budget = self._text_budget(document)
        if budget < _MIN_TEXT_TOKENS:
            return self._too_long(f"all that is not text leaves it {max(budget, 0)} tokens of the prompt")
        wanted = budget if splitting.max_tokens == "auto" else min(budget, splitting.max_tokens)
        overlap = min(splitting.overlap_tokens, wanted // 2)
        if document.pieces is not None:
            return self._chunks_of_group(text, document.pieces, wanted, overlap)
        return list(split(text, max_tokens=wanted, overlap_tokens=overlap, count_tokens=count))

    def _chunks_of_group(self, text: str, pieces: Sequence[Piece], wanted: int, overlap: int) -> list[Chunk] | Outcome:
        template, count = self._plan.questions.all.template, self._engine.count_tokens
        everything = parts_shown(Chunk(text=text, start=0, end=len(text)), pieces)
        headings = [count(template.heading(one._replace(is_continued=True))) + _HEADING_TOKENS for one in everything]
        if wanted - max(headings) < _MIN_TEXT_TOKENS:
            return self._too_long(f"the headings of documents leave their text {max(0, wanted - max(headings))} tokens")
        return split_group(
            text,
            pieces,
            max_tokens=wanted,
            overlap_tokens=overlap,
            count_tokens=count,
            heading_tokens=headings.__getitem__,
        )

    def _text_budget(self, document: Document) -> int:
        """The token budget for text: the limit of a prompt minus everything else in it."""
        if self._budget is None or self._budget[0] != document.inputs:  # most tasks have no other inputs
            part = Part(number=_MANY, of=_MANY, head="-")
            group = () if document.pieces is None else (_NOTHING,)
            inputs = {**document.inputs, TEXT_INPUT: ""}
            empty = [self._plan.questions.all.template.messages(inputs, part=part, group=group)]
            notes = 0
            if (recall := self._plan.questions.whole.recall) is not None:
                empty.append(recall.template.messages(inputs, part=part, known="-", group=group))
                notes = _NOTE_TOKENS
            longest = max(len(self._engine.encode(shown)) for shown in empty)
            self._budget = (document.inputs, self._engine.max_prompt_tokens - longest - notes - _JOIN_TOKENS)
        if document.pieces is not None:
            return self._budget[1]
        return self._budget[1] - self._engine.count_tokens(document_head(document.text or ""))

    def _too_long(self, what: str) -> Outcome:
        remedy = "" if self._plan.task.split is not None else "; with task.split it would be asked in chunks"
        reason = f"{what}; a prompt may have {self._engine.max_prompt_tokens}{remedy}"
        return Outcome(status=Status.TOO_LONG, reason=reason)
