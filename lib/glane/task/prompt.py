"""From a task and one document to the messages that a model is asked.

What is the same for every document comes first and the document last, so that an engine's prefix cache holds the
shared part once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Literal, TypedDict, assert_never

from glane.task.fields import (
    BooleanField,
    DateField,
    EnumField,
    Field,
    IntegerField,
    ListField,
    NumberField,
    ObjectField,
    StringField,
)
from glane.task.task import TEXT_INPUT, Task

PromptStyle = Literal["full", "bare"]


class Message(TypedDict):
    """One turn of a conversation, as chat templates take it."""

    role: str
    content: str


_WORDS: dict[str, dict[str, str]] = {
    "fr": {
        "fields": "Champs, dans cet ordre :",
        "answer": "Réponds par un seul objet JSON compact, avec tous ces champs et rien d'autre.",
        "example": "Exemple",
        "document": "Document",
        "reply": "Réponse",
        "null": "ou null",
        "string": "texte d'au plus {max_length} caractères",
        "integer": "entier",
        "number": "nombre",
        "between": "de {minimum} à {maximum}",
        "at_least": "au moins {minimum}",
        "at_most": "au plus {maximum}",
        "boolean": "true ou false",
        "date": "date AAAA-MM-JJ",
        "partial": "date AAAA, AAAA-MM ou AAAA-MM-JJ",
        "enum": "une valeur parmi",
        "list": "liste d'au plus {max_items} éléments",
        "object": "objet",
    },
    "en": {
        "fields": "Fields, in this order:",
        "answer": "Answer with one compact JSON object that has all these fields and nothing else.",
        "example": "Example",
        "document": "Document",
        "reply": "Answer",
        "null": "or null",
        "string": "text of at most {max_length} characters",
        "integer": "integer",
        "number": "number",
        "between": "from {minimum} to {maximum}",
        "at_least": "at least {minimum}",
        "at_most": "at most {maximum}",
        "boolean": "true or false",
        "date": "date YYYY-MM-DD",
        "partial": "date YYYY, YYYY-MM or YYYY-MM-DD",
        "enum": "one value of",
        "list": "list of at most {max_items} items",
        "object": "object",
    },
}


def messages(task: Task, inputs: Mapping[str, str], *, style: PromptStyle) -> list[Message]:
    """Return the conversation that asks `task` of one document.

    `full` shows instructions, fields and examples before the document; `bare` shows the document alone, for a
    model that was trained on the task.
    """
    if style == "bare":
        return [Message(role="user", content=_document(task, inputs, headed=len(task.inputs) > 1))]
    document = _document(task, inputs, headed=True)
    return [Message(role="user", content=f"{_shared(task)}{document}\n{_WORDS[task.language]['reply']} :")]


def compact_json(value: Any) -> str:
    """JSON as answers are written: no spaces, and characters as themselves."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


class _ById:
    """Lets the cache below tell tasks apart by identity: hashing a whole task for each document would cost more."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def __hash__(self) -> int:
        return id(self.task)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ById) and other.task is self.task


def _shared(task: Task) -> str:
    return _shared_cached(_ById(task))


@lru_cache(maxsize=8)
def _shared_cached(by_id: _ById) -> str:
    task, words = by_id.task, _WORDS[by_id.task.language]
    parts = [
        task.instructions,
        "",
        words["fields"],
        *_described(task.fields, words, indent=""),
        "",
        words["answer"],
        "",
    ]
    for number, example in enumerate(task.examples, start=1):
        parts.append(f"{words['example']} {number}")
        parts.append(_document(task, example.inputs, headed=True))
        parts.append(f"{words['reply']} : {compact_json(example.output)}\n")
    return "\n".join(parts) + "\n"


def _document(task: Task, inputs: Mapping[str, str], *, headed: bool) -> str:
    """The other inputs first, one a line; the text last."""
    lines = [f"{name} : {inputs[name]}" for name in task.input_columns]
    if not headed:
        return inputs[TEXT_INPUT]
    head = f"{_WORDS[task.language]['document']} :"
    return "\n".join([*lines, head, inputs[TEXT_INPUT]])


def _described(fields: Mapping[str, Field], words: Mapping[str, str], *, indent: str) -> list[str]:
    lines = []
    for name, field in fields.items():
        kind = _kind(field, words) + (f" {words['null']}" if field.nullable else "")
        lines.append(f"{indent}- {name} ({kind})" + (f" : {field.description.strip()}" if field.description else ""))
        inner = field.items if isinstance(field, ListField) else field
        if isinstance(inner, ObjectField):
            lines.extend(_described(inner.fields, words, indent=indent + "  "))
        if isinstance(inner, EnumField):
            lines.extend(f"{indent}  · {value} : {label}" for value, label in inner.labels.items())
    return lines


def _kind(field: Field, words: Mapping[str, str]) -> str:
    match field:
        case StringField():
            return words["string"].format(max_length=field.max_length)
        case IntegerField() | NumberField():
            return " ".join([words[field.type], *_bounds(field, words)])
        case BooleanField():
            return words["boolean"]
        case DateField():
            return words["date" if field.precision == "day" else "partial"]
        case EnumField():
            return f"{words['enum']} {', '.join(field.values)}"
        case ListField():
            return f"{words['list'].format(max_items=field.max_items)} : {_kind(field.items, words)}"
        case ObjectField():
            return words["object"]
        case _:
            assert_never(field)


def _bounds(field: IntegerField | NumberField, words: Mapping[str, str]) -> list[str]:
    given = field.model_fields_set  # an integer's default bounds are ours, not the author's: not shown
    low, high = "minimum" in given and field.minimum is not None, "maximum" in given and field.maximum is not None
    key = {(True, True): "between", (True, False): "at_least", (False, True): "at_most"}.get((low, high))
    return [words[key].format(minimum=field.minimum, maximum=field.maximum)] if key else []
