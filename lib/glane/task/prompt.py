"""Builds the messages of a prompt from a task and one document.

The part that all documents share comes first and the document last. An engine's prefix cache then holds the shared part
once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from glane.task.fields import Field, ListField, ObjectField, inner_fields
from glane.task.keys import Keys
from glane.task.schema import ASSERTION, MISSING, QUOTE, VALUE, wrapper_keys
from glane.task.task import TEXT_INPUT, Task
from glane.types import Assertion, Language, Message, Missing

PromptStyle = Literal["full", "bare"]


_WORDS: dict[Language, dict[str, str]] = {
    "fr": {
        "fields": "Champs, dans cet ordre :",
        "answer": "Réponds par un seul objet JSON compact, avec tous ces champs et rien d'autre.",
        "example": "Exemple",
        "document": "Document",
        "reply": "Réponse",
        "null": "ou null",
        "or": "ou",
        "each": "chaque élément",
        "instead": "; à la place de la liste",
        "legend": "Ces objets s'écrivent avec les clés :",
        "value": "la valeur, du type dit.",
        "quote": "la citation du document qui le montre, courte et copiée lettre à lettre.",
        "missing": "pourquoi il n'y a pas de valeur :",
        "silent": "Avec la citation qui le dit, sauf pour not_stated.",
        "assertion": "comment le texte en parle :",
        "not_stated": "le texte n'en parle pas",
        "denied": "le texte dit qu'il n'y en a pas",
        "uncertain": "le texte en parle sans dire ce qu'il en est",
        "conflicting": "le texte dit deux choses",
        "unreadable": "c'était écrit, mais c'est illisible",
        "present": "présent",
        "absent": "nié",
        "possible": "possible, suspecté",
        "historical": "passé",
        "family": "chez un parent, non chez le patient",
        "repair": "Une réponse précédente ne convient pas : {problem}. Relis le document et réponds de nouveau.",
        "recall": (
            "Une lecture précédente a trouvé ceci : {found}\n"
            "Donne seulement ce qu'elle a manqué, ou des listes vides s'il ne manque rien."
        ),
    },
    "en": {
        "fields": "Fields, in this order:",
        "answer": "Answer with one compact JSON object that has all these fields and nothing else.",
        "example": "Example",
        "document": "Document",
        "reply": "Answer",
        "null": "or null",
        "or": "or",
        "each": "each item",
        "instead": "; in place of the list",
        "legend": "These objects are written with the keys:",
        "value": "the value, of the type given.",
        "quote": "the quote from the document that shows it, short and copied letter by letter.",
        "missing": "why there is no value:",
        "silent": "With the quote that says so, except for not_stated.",
        "assertion": "how the text speaks of it:",
        "not_stated": "the text does not speak of it",
        "denied": "the text says that there is none",
        "uncertain": "the text speaks of it without saying what",
        "conflicting": "the text says two things",
        "unreadable": "it was written, and cannot be read",
        "present": "present",
        "absent": "denied",
        "possible": "possible, suspected",
        "historical": "past",
        "family": "of a relative, not of the patient",
        "repair": "An earlier answer will not do: {problem}. Read the document again, and answer anew.",
        "recall": (
            "An earlier reading found this: {found}\nGive only what it missed, or empty lists if it missed nothing."
        ),
    },
}


class PromptTemplate:
    """The prompts of a task. The part that they share is made once.

    The style `full` has instructions, fields and examples before the document. `bare` has the document alone, for a
    model that was trained on the task.
    """

    def __init__(self, task: Task, *, style: PromptStyle) -> None:
        self._task, self._style = task, style
        self._shared = _shared(task) if style == "full" else ""

    def messages(self, inputs: Mapping[str, str], *, note: str = "") -> list[Message]:
        """Return the messages of the prompt for one document.

        A note comes after the document, so that the prefix cache serves everything before it. The style `bare` has no
        note: its model was not trained on notes.
        """
        task = self._task
        if self._style == "bare":
            return [Message(role="user", content=_document(task, inputs, headed=len(task.inputs) > 1))]
        document = _document(task, inputs, headed=True)
        reply = "".join([f"{note}\n" if note else "", f"{_WORDS[task.language]['reply']} :"])
        return [Message(role="user", content=f"{self._shared}{document}\n{reply}")]


def messages(task: Task, inputs: Mapping[str, str], *, style: PromptStyle, note: str = "") -> list[Message]:
    """Return the messages of the prompt for one document; use `PromptTemplate` for many documents."""
    return PromptTemplate(task, style=style).messages(inputs, note=note)


def repair_note(task: Task, problem: str) -> str:
    """The note on an answer that could not be used. `problem` names field and rule, never a value."""
    return _WORDS[task.language]["repair"].format(problem=problem)


def recall_note(task: Task, found: str) -> str:
    """The note that tells the model what earlier answers found; `found` is JSON."""
    return _WORDS[task.language]["recall"].format(found=found)


def compact_json(value: Any) -> str:
    """JSON as answers are written: without spaces, and without escapes of non-ASCII characters."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _shared(task: Task) -> str:
    """The part before the document in every full prompt."""
    words = _WORDS[task.language]
    parts = [
        task.instructions,
        "",
        words["fields"],
        *_described(task, task.fields, indent=""),
        *_legend(task.fields, words, task.spelling),
        "",
        words["answer"],
        "",
    ]
    for number, example in enumerate(task.examples, start=1):
        parts.append(f"{words['example']} {number}")
        parts.append(_document(task, example.inputs, headed=True))
        parts.append(f"{words['reply']} : {compact_json(task.spelling.in_answer(example.output))}\n")
    return "\n".join(parts) + "\n"


def _document(task: Task, inputs: Mapping[str, str], *, headed: bool) -> str:
    """The document's part of the prompt: the other inputs, one per line, then the text."""
    lines = [f"{name} : {inputs[name]}" for name in task.input_columns]
    if not headed:
        return inputs[TEXT_INPUT]
    head = f"{_WORDS[task.language]['document']} :"
    return "\n".join([*lines, head, inputs[TEXT_INPUT]])


def _described(task: Task, fields: Mapping[str, Field], *, indent: str) -> list[str]:
    lines = []
    for name, field in fields.items():
        kind = field.phrase(task.language) + _form(field, _WORDS[task.language], task.spelling)
        short = task.spelling.written(name)
        shown = name if short == name else f"{short} = {name}"
        lines.append(f"{indent}- {shown} ({kind})" + (f" : {field.description.strip()}" if field.description else ""))
        lines.extend(_described(task, inner_fields(field), indent=indent + "  "))
        inner = field.items if isinstance(field, ListField) else field
        if not isinstance(inner, ListField | ObjectField):
            lines.extend(f"{indent}  · {value} : {label}" for value, label in inner.explained().items())
    return lines


def _form(field: Field, words: Mapping[str, str], spelling: Keys) -> str:
    """The form of a value that is not written bare: {"value":…,"quote":…}, or {"missing":…}."""
    keys = wrapper_keys(field)
    each = f" {words['each']}" if keys and isinstance(field, ListField) else ""
    shape = f" ;{each} {_shape(field, keys, spelling)}" if keys else ""
    if field.missing:
        quoted = field.evidence and field.missing != (Missing.NOT_STATED,)  # "not stated" has no quote
        instead = f" {words['instead']}" if isinstance(field, ListField) else ""
        either = "" if instead else f" {words['or']}"
        return f"{shape}{instead}{either} {_shape(field, [MISSING, QUOTE] if quoted else [MISSING], spelling)}"
    return f"{shape} {words['null']}" if field.nullable else shape


def _shape(field: Field, keys: list[str], spelling: Keys) -> str:
    """The object around a value. The allowed words of a key are listed if they are not all words."""
    options: dict[str, Sequence[str]] = {
        MISSING: () if len(field.missing) == len(Missing) else field.missing,
        ASSERTION: () if len(field.assertion) == len(Assertion) else field.assertion,
    }
    shown = {key: "|".join(f'"{one}"' for one in options.get(key, ())) or "…" for key in keys}
    return "{" + ",".join(f'"{spelling.written(key)}":{value}' for key, value in shown.items()) + "}"


def _legend(fields: Mapping[str, Field], words: Mapping[str, str], spelling: Keys) -> list[str]:
    """Explanations of the keys that the fields use."""
    every = list(_all_fields(fields))
    keys = {key for field in every for key in wrapper_keys(field)} | {MISSING for field in every if field.missing}
    if not keys:
        return []
    reasons = {reason for field in every for reason in field.missing}
    assertions = {one for field in every for one in field.assertion}
    silent = f" {words['silent']}" if any(field.evidence and field.missing for field in every) else ""
    meanings = {
        VALUE: words["value"],
        ASSERTION: f"{words['assertion']} {_glossary(assertions, words)}.",
        QUOTE: words["quote"],
        MISSING: f"{words['missing']} {_glossary(reasons, words)}.{silent}",
    }
    lines = [f'- "{spelling.written(key)}" : {meaning}' for key, meaning in meanings.items() if key in keys]
    return ["", words["legend"], *lines]


def _glossary(terms: set[Any], words: Mapping[str, str]) -> str:
    ordered = [term for kind in (Missing, Assertion) for term in kind if term in terms]
    return ", ".join(f"{term} ({words[term]})" for term in ordered)


def _all_fields(fields: Mapping[str, Field]) -> Iterator[Field]:
    for field in fields.values():
        yield field
        yield from _all_fields(inner_fields(field))
