"""Builds the messages of a prompt from a task and one document.

The part that all documents share comes first and the document last. An engine's prefix cache then holds the shared part
once. Instructions and fields are the system message, and each example is a question and its answer. So a model takes an
example for an example, and a template adds no system message of its own. Where a template refuses that, the shape is
another (`PromptShape`).

In the shape `text_first` the document comes first. The cache then holds the document once for all that is asked of it:
several tasks, or a recall pass.

A document stands between two marks with a code that the document does not have. So no document can end itself, and go
on as somebody else. What a recall pass repeats of earlier answers is text of the document, too, and stands between such
marks.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from glane.task.field_list import field_list
from glane.task.prompt_words import PROMPT_WORDS
from glane.task.task import TEXT_INPUT, Task
from glane.types import Message

PromptStyle = Literal["full", "bare"]
PromptShape = Literal["system", "turns", "single", "text_first"]
"""How the shared part is told: as a system message, in front of the first question, or all in one message; or in one
message after the document."""
SHAPES: tuple[PromptShape, ...] = ("system", "turns", "single")
"""Those with the document last, in the order in which they are tried."""

_HEAD = 200  # characters
_LONGEST_ID = 60  # characters of the id of a document of a group, in its heading
_CODE = 8  # characters of the code of a document's marks


class Part(NamedTuple):
    """Which part of a long document a prompt shows."""

    number: int  # from 1
    of: int
    head: str  # how the document begins; empty for the first part


class Shown(NamedTuple):
    """A document of a group, or what a prompt shows of it."""

    number: int  # from 1
    of: int  # documents of the whole group
    id: str
    order: str  # what the documents are ordered by, as a date; may be empty
    text: str
    is_continued: bool  # the text is not the document's beginning


def document_head(text: str) -> str:
    """How a document begins, in one line of at most `_HEAD` characters: often its title, source and date."""
    line = " ".join(text[: 2 * _HEAD].split())
    return line if len(line) <= _HEAD else line[:_HEAD].rpartition(" ")[0] or line[:_HEAD]


class PromptTemplate:
    """The prompts of a task. The part that they share is made once.

    The style `full` has instructions, fields and examples before the document. `bare` has the document alone, for a
    model that was trained on the task.
    """

    def __init__(
        self, task: Task, *, style: PromptStyle, shape: PromptShape = "system", is_recall: bool = False
    ) -> None:
        self._task, self._style, self._shape, self._is_recall = task, style, shape, is_recall
        # What stands first must be the same for all tasks, the marks around it included.
        self._code = _digest("" if shape == "text_first" else task.instructions)
        self._shared = self._before() if style == "full" else []

    def messages(
        self, inputs: Mapping[str, str], *, part: Part | None = None, known: str = "", note: str = "",
        group: Sequence[Shown] = (),
    ) -> list[Message]:  # fmt: skip
        """Return the messages of the prompt for one document, or a part of it; or for a `group` in place of the text.

        What is known (JSON of earlier answers, in a recall pass) and a note come after the document, so that the prefix
        cache serves everything before it. The style `bare` has neither: its model was not trained on them.
        """
        task = self._task
        if self._style == "bare":
            if group:
                inputs = {**inputs, TEXT_INPUT: self._case(group, self._code_beside(_words_of(inputs, group)))}
            return [Message(role="user", content=_inputs(task, inputs) if len(task.inputs) > 1 else inputs[TEXT_INPUT])]
        document, found = self._document(inputs, part, known, group)
        if self._shape == "text_first":
            return [self._text_first(document, [found, note])]
        asked = _lines(document, found, note)
        if self._shape == "system":
            return [*self._shared, Message(role="user", content=asked)]
        first = self._shared[0]["content"]
        turns = [*self._shared[1:], Message(role="user", content=asked)]
        if self._shape == "turns":
            return [Message(role="user", content=f"{first}\n\n{turns[0]['content']}"), *turns[1:]]
        return [Message(role="user", content="\n".join([first, "", *self._told_examples(), asked, self._reply()]))]

    def _text_first(self, document: str, after: Sequence[str]) -> Message:
        """One message: the document, all that is asked of it, and what comes after the document in other shapes."""
        above = PROMPT_WORDS[self._task.language]["above"]
        told = [self._shared[0]["content"], "", *self._told_examples(), _lines(above, *after), self._reply()]
        return Message(role="user", content="\n".join([document, "", *told]))

    def _told_examples(self) -> list[str]:
        """The examples as lines of a message."""
        words, found = PROMPT_WORDS[self._task.language], []
        pairs = zip(self._shared[1::2], self._shared[2::2], strict=True)
        for number, (question, answer) in enumerate(pairs, start=1):
            found += [f"{words['example']} {number}", question["content"]]
            found += [f"{self._reply()} {answer['content']}", ""]
        return found

    def _reply(self) -> str:
        return f"{PROMPT_WORDS[self._task.language]['reply']} :"

    def _before(self) -> list[Message]:
        """The system message, and each example as a question and its answer."""
        task = self._task
        found = [Message(role="system", content=self._told())]
        for example in task.examples:
            answer = compact_json(task.spelling.in_answer(example.output))
            asked = _lines(*self._document(example.inputs, known=example.known))
            found.append(Message(role="user", content=asked))
            found.append(Message(role="assistant", content=answer))
        return found

    def heading(self, one: Shown, code: str = "") -> str:
        """The line before a document of a group. Only glane knows the code, so no document can write such a line."""
        words = PROMPT_WORDS[self._task.language]
        place = words["case_document"].format(number=one.number, of=one.of)
        told = [_one_line(one.id), *([one.order] if one.order else []), *([words["continued"]] * one.is_continued)]
        return f"[{code or self._code}] {place} : {', '.join(told)}"

    def _case(self, group: Sequence[Shown], code: str) -> str:
        return "\n\n".join(f"{self.heading(one, code)}\n{one.text}" for one in group)

    def _told(self) -> str:
        """The part before examples and document in every full prompt."""
        task, words = self._task, PROMPT_WORDS[self._task.language]
        lines = [task.instructions, "", *field_list(task), "", words["answer"]]
        for what, sentence in (("document", "data"), *([("found", "found")] if self._is_recall else [])):
            opened, closed = _marks(what, self._code)
            lines.append(words[sentence].format(open=opened, close=closed))
        return "\n".join(lines)

    def _document(
        self, inputs: Mapping[str, str], part: Part | None = None, known: str = "", group: Sequence[Shown] = ()
    ) -> tuple[str, str]:
        """The document between its marks, and what is known of it; empty if nothing is."""
        words, is_first = PROMPT_WORDS[self._task.language], self._shape == "text_first"
        if group:
            code = self._code_beside(_words_of(inputs, group) + known)
            shown = _inputs(self._task, {**inputs, TEXT_INPUT: self._case(group, code)}, is_text_first=is_first)
            before = words["case"].format(code=code) + "\n"
            before += "" if part is None else words["case_part"].format(number=part.number, of=part.of) + "\n"
        else:
            shown, before = _inputs(self._task, inputs, is_text_first=is_first), ""
            if part is not None:
                before = words["part"].format(number=part.number, of=part.of) + "\n"
                shown = f"{words['head']} : {part.head} […]\n\n{shown}" if part.head else shown
            code = self._code_beside(shown + known)
        found = words["recall"].format(found=_between(known, "found", code)) if known else ""
        return f"{before}{_between(shown, 'document', code)}", found

    def _code_beside(self, text: str) -> str:
        """The code of the marks around a text. It is the same for all texts that do not have it."""
        code = self._code
        while code in text:
            code = _digest(code + text)
        return code


def messages(
    task: Task, inputs: Mapping[str, str], *, style: PromptStyle, shape: PromptShape = "system", note: str = ""
) -> list[Message]:
    """Return the messages of the prompt for one document; use `PromptTemplate` for many documents."""
    return PromptTemplate(task, style=style, shape=shape).messages(inputs, note=note)


def _words_of(inputs: Mapping[str, str], group: Sequence[Shown]) -> str:
    """All that the documents of a group bring into a prompt."""
    return "\n".join([*inputs.values(), *(word for one in group for word in (one.id, one.order, one.text))])


def _one_line(text: str) -> str:
    """An id as a heading shows it."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line if len(line) <= _LONGEST_ID else f"{line[:_LONGEST_ID]}…"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_CODE]


def repair_note(task: Task, problem: str) -> str:
    """The note on an answer that could not be used. `problem` is what `problem_words` tells."""
    return PROMPT_WORDS[task.language]["repair"].format(problem=problem)


def problem_words(task: Task, *, is_cut: bool = False, place: str = "", rule: str = "") -> str:
    """What is wrong with an answer, in the task's language: it was cut, a field has another form, or it breaks a rule.

    `place` names a field, never a value.
    """
    words = PROMPT_WORDS[task.language]
    if is_cut:
        return words["cut"]
    if rule:
        return words["rule"].format(rule=rule)
    return words["form"].format(place=task.spelling.written(place)) if place else words["whole"]


def compact_json(value: Any) -> str:
    """JSON as answers are written: without spaces, and without escapes of non-ASCII characters."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _marks(what: str, code: str) -> tuple[str, str]:
    return f"<{what} {code}>", f"</{what} {code}>"


def _between(text: str, what: str, code: str) -> str:
    opened, closed = _marks(what, code)
    return f"{opened}\n{text}\n{closed}"


def _lines(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


def _inputs(task: Task, inputs: Mapping[str, str], *, is_text_first: bool = False) -> str:
    """A document with the task's other inputs, one per line: they come first, unless the text does."""
    lines = [f"{name} : {inputs[name]}" for name in task.input_columns]
    if is_text_first:
        return "\n".join([inputs[TEXT_INPUT], *([""] if lines else []), *lines])
    return "\n".join(
        [*lines, f"{PROMPT_WORDS[task.language]['document']} :", inputs[TEXT_INPUT]] if lines else [inputs[TEXT_INPUT]]
    )
