"""Finds values that were copied from the examples of the prompt, not from the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from glane.reading.align import Aligner
from glane.reading.support import all_values
from glane.task.answer import read_answer
from glane.task.examples import Example
from glane.task.fields import Field, ListField, ObjectField
from glane.task.fold import fold
from glane.task.locate import locate
from glane.task.prompt import compact_json
from glane.task.wording import Wording
from glane.types import Alignment, ExtractedValue


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

        A value is a leak if an example has it, and it cannot be read in its own quote, or its words or figures are
        nowhere in the document. So is a value whose quote is an example's and is not in the document. Without a quote,
        short words and figures below 10 are never leaks: they are too frequent to tell.
        """
        leaked, document = [], _Document(text)
        for name, one in found.items():
            said = self._said.get(name, [])
            leaves = _leaves(one, self._fields[name]) if said else ()
            if any(_is_leak(leaf, field, said, document) for leaf, field in leaves):
                leaked.append(name)
        return leaked


class _Document:
    """A text that is searched for words and figures. It is prepared when that is first needed: mostly it is not."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _aligner(self) -> Aligner:
        return Aligner(self._text)

    @cached_property
    def _wording(self) -> Wording:
        return Wording(self._text)

    def has(self, trace: str | float) -> bool:
        """Whether words stand in the text, however they are spelled, or a number in any notation."""
        return self._aligner.has(trace) if isinstance(trace, str) else abs(trace) in self._wording.numbers


def _leaves(one: ExtractedValue, field: Field) -> Iterator[tuple[ExtractedValue, Field]]:
    """Everything that has a value or a quote, each with its field."""
    return (
        (leaf, kind)
        for leaf, kind in all_values(one, field)
        if leaf.value is not None or (leaf.quote is not None and not leaf.fields)
    )


def _is_leak(leaf: ExtractedValue, field: Field, said: list[_Statement], document: _Document) -> bool:
    if leaf.quote is not None and leaf.evidence is not None and leaf.evidence.alignment is Alignment.NONE:
        quote = fold(leaf.quote)
        if any(one.quote is not None and fold(one.quote) == quote for one in said):
            return True
    if leaf.value is None or not any(one.value == leaf.value and type(one.value) is type(leaf.value) for one in said):
        return False
    if leaf.evidence is not None and leaf.evidence.supports is not None:
        return not leaf.evidence.supports
    traces = () if isinstance(field, ListField | ObjectField) else field.traces(leaf.value)
    return bool(traces) and not any(document.has(trace) for trace in traces)
