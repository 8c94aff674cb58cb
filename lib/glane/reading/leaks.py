"""Finds values that were copied from the examples of the prompt, not from the document."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from glane.task.answer import read_answer
from glane.task.examples import Example
from glane.task.fields import Field, ListField, ObjectField
from glane.task.fold import fold
from glane.task.locate import locate
from glane.task.prompt import compact_json
from glane.types import Alignment, ExtractedValue

_GROUPS = re.compile(r"(?<=\d)[ .\u00a0\u202f](?=\d{3}(?!\d))")  # 1 234, and in English 1,234
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_WHOLE = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class _Statement:
    value: object
    quote: str | None


class Leaks:
    """The values and quotes of a task's examples, to be compared with answers."""

    def __init__(self, examples: Sequence[Example], fields: Mapping[str, Field]) -> None:
        self._fields = fields
        self._said: dict[str, list[_Statement]] = {}
        for example in examples:
            for name, one in read_answer(fields, locate(compact_json(example.output))).items():
                statements = [_Statement(leaf.value, leaf.quote) for leaf, _ in _leaves(one, fields[name])]
                self._said.setdefault(name, []).extend(statements)

    def in_answer(self, found: Mapping[str, ExtractedValue], text: str) -> list[str]:
        """Return the names of the fields with a value that an example has and this document does not support.

        A value with a quote is a leak if the quote is an example's and is not in the document. A value without a quote
        is a leak if an example has it and its words or figures are nowhere in the document. Short words and figures
        below 10 are never leaks: they are too frequent to tell.
        """
        leaked, document = [], _Document(text)
        for name, one in found.items():
            said = self._said.get(name, [])
            leaves = _leaves(one, self._fields[name]) if said else ()
            if any(_is_leak(leaf, field, said, document) for leaf, field in leaves):
                leaked.append(name)
        return leaked


class _Document:
    """A text that is normalised when it is first needed: most answers need no comparison."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._normalised: str | None = None

    def has_words(self, words: str) -> bool:
        if self._normalised is None:
            self._normalised = fold(self._text)
        return fold(words) in self._normalised

    def has(self, trace: str | float) -> bool:
        return self.has_words(trace) if isinstance(trace, str) else self.has_number(trace)

    def has_number(self, number: float) -> bool:
        """Whether a figure of the text can be read as this number, in any notation."""
        for text in (self._text, _GROUPS.sub("", self._text), re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", self._text)):
            if any(float(figure.replace(",", ".")) == number for figure in _NUMBER.findall(text)):
                return True
        return any(float(figure) == number for figure in _WHOLE.findall(self._text))


def _leaves(one: ExtractedValue, field: Field) -> Iterator[tuple[ExtractedValue, Field]]:
    """Everything that has a value or a quote, each with its field."""
    if one.value is not None or (one.quote is not None and not one.fields):
        yield one, field
    if isinstance(field, ListField):
        for item in one.items or ():
            yield from _leaves(item, field.items)
    if isinstance(field, ObjectField):
        for name, inner in (one.fields or {}).items():
            yield from _leaves(inner, field.fields[name])


def _is_leak(leaf: ExtractedValue, field: Field, said: list[_Statement], document: _Document) -> bool:
    if leaf.evidence is not None:
        if leaf.evidence.alignment is not Alignment.NONE or leaf.quote is None:
            return False
        quote = fold(leaf.quote)
        return any(one.quote is not None and fold(one.quote) == quote for one in said)
    if not any(one.value == leaf.value and type(one.value) is type(leaf.value) for one in said):
        return False
    traces = () if isinstance(field, ListField | ObjectField) else field.traces(leaf.value)
    return bool(traces) and not any(document.has(trace) for trace in traces)
