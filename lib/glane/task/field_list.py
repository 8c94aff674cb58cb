"""The fields of a task as a prompt lists them: name, type and description, and how their answers are written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from glane.task.fields import Field, ListField, ObjectField, all_fields, inner_fields
from glane.task.keys import Keys
from glane.task.prompt_words import PROMPT_WORDS
from glane.task.schema import ASSERTION, MISSING, QUOTE, VALUE, wrapper_keys
from glane.task.task import Task
from glane.types import Assertion, Missing

_LONGEST_FORM = 12  # characters of a form that is written with each field


def field_list(task: Task) -> list[str]:
    """The lines of a prompt that tell the fields, the forms that several of them have, and the keys of these forms."""
    words, forms = PROMPT_WORDS[task.language], _Forms(task)
    return [
        words["fields"],
        *_described(task, task.fields, forms, indent=""),
        *forms.legend(),
        *_legend(task.fields, words, task.spelling),
    ]


class _Forms:
    """How values are written that are not written bare. A form that several fields have gets a letter."""

    def __init__(self, task: Task) -> None:
        self._words, self._spelling = PROMPT_WORDS[task.language], task.spelling
        counts = Counter(form for field in all_fields(task.fields) if (form := self._form(field)))
        several = [form for form, count in counts.most_common(26) if count > 1 and len(form) > _LONGEST_FORM]
        self._letters = {form: chr(ord("A") + number) for number, form in enumerate(several)}

    def of(self, field: Field) -> str:
        """The form of a field, behind its type."""
        form = self._form(field)
        return f" ; {self._letters[form]}" if form in self._letters else form

    def legend(self) -> list[str]:
        """The forms by their letters."""
        lines = [f"- {letter} :{form.removeprefix(' ;')}" for form, letter in self._letters.items()]
        return ["", self._words["forms"], *lines] if lines else []

    def _form(self, field: Field) -> str:
        return _form(field, self._words, self._spelling)


def _described(task: Task, fields: Mapping[str, Field], forms: _Forms, *, indent: str) -> list[str]:
    lines = []
    for name, field in fields.items():
        kind = field.phrase(task.language) + forms.of(field)
        short = task.spelling.written(name)
        shown = name if short == name else f"{short} = {name}"
        lines.append(f"{indent}- {shown} ({kind})" + (f" : {field.description.strip()}" if field.description else ""))
        lines.extend(_described(task, inner_fields(field), forms, indent=indent + "  "))
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
    shown = {key: "|".join(f'"{one}"' for one in options.get(key, ())) or "…" for key in spelling.ordered(keys)}
    return "{" + ",".join(f'"{spelling.written(key)}":{value}' for key, value in shown.items()) + "}"


def _legend(fields: Mapping[str, Field], words: Mapping[str, str], spelling: Keys) -> list[str]:
    """Explanations of the keys that the fields use."""
    every = list(all_fields(fields))
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
    shown = [key for key in spelling.ordered(meanings) if key in keys]
    lines = [f'- "{spelling.written(key)}" : {meanings[key]}' for key in shown]
    return ["", words["legend"], *lines]


def _glossary(terms: set[Any], words: Mapping[str, str]) -> str:
    ordered = [term for kind in (Missing, Assertion) for term in kind if term in terms]
    return ", ".join(f"{term} ({words[term]})" for term in ordered)
