"""Makes the form of a task's answers, which an engine takes in place of the task."""

from __future__ import annotations

from glane.form import Form
from glane.task.grammar import has_quotes, quote_grammar
from glane.task.schema import QUOTE
from glane.task.task import Task


def answer_form(task: Task) -> Form:
    """Return the form of the answers to `task`. This takes some milliseconds, so it is done once."""
    quotes = has_quotes(task.fields)
    return Form(
        schema=task.answer_schema,
        quote_key=task.spelling.written(QUOTE) if quotes else None,
        quotes=quote_grammar(task.fields, task.spelling) if quotes and task.quotes == "copied" else None,
        wants_scores=task.confidence,
    )
