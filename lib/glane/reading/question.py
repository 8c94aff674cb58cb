"""What a prompt asks of a document, or of a part of it."""

from __future__ import annotations

from glane.task.fields import Field
from glane.task.form import answer_form
from glane.task.prompt import PromptShape, PromptStyle, PromptTemplate
from glane.task.recall import recall_task
from glane.task.task import Task


class Question:
    """All fields of a task, some of them, or the lists of a recall pass. Made once for all documents."""

    def __init__(self, task: Task, *, style: PromptStyle, shape: PromptShape, is_recall: bool = False) -> None:
        self.task, self.fields = task, task.fields
        self.template = PromptTemplate(task, style=style, shape=shape, is_recall=is_recall)
        self.form = answer_form(task)


class Asked:
    """What is asked of a part: the question, and what its recall passes ask; None where nothing is."""

    def __init__(self, task: Task, *, style: PromptStyle, shape: PromptShape) -> None:
        self.question = Question(task, style=style, shape=shape) if task.fields else None
        self.recall: Question | None = None
        if task.passes.recall and task.list_fields:
            self.recall = Question(recall_task(task), style=style, shape=shape, is_recall=True)


class QuestionsOfParts:
    """The questions of a task by the part of a document, made once.

    A field that only the beginning of a document tells (`asked_of`) is not asked of its middle: there, a model would
    find one all the same. The style `bare` asks all of each part, as its model was trained to.
    """

    def __init__(self, task: Task, *, style: PromptStyle, shape: PromptShape) -> None:
        def asked(*places: str) -> Asked:
            fields = {name: field for name, field in task.fields.items() if field.asked_of in places}
            if style == "bare" or len(fields) == len(task.fields):
                return self.whole
            return Asked(narrowed(task, fields), style=style, shape=shape)

        self.whole = Asked(task, style=style, shape=shape)
        assert self.whole.question is not None  # a task has fields
        self.all = self.whole.question
        self._middle = asked("every_part")
        self._last = asked("every_part", "first_and_last_part")

    def of(self, number: int, of: int) -> Asked:
        """What is asked of a part, counted from 0."""
        if number == 0:
            return self.whole
        return self._last if number == of - 1 else self._middle


def narrowed(task: Task, fields: dict[str, Field]) -> Task:
    """A task with some of its fields, and its examples with the answers to these."""
    examples = [
        example.model_copy(update={"output": {name: example.output[name] for name in fields}})
        for example in task.examples
    ]
    return task.narrowed(fields, examples)
