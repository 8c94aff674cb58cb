"""Whether values can be read in their own quotes.

An aligned quote stands in the document. That does not make it a quote of the value: a model that writes an invented
value still has to quote something. So each value is looked for in its quote, in figures and words, by its kind (see
`ScalarField.shown_in`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from glane.reading.before import is_denied, is_of_relative, names_relative
from glane.task.fields import Field, ListField, ObjectField, StringField
from glane.task.fold import fold
from glane.task.signs import LEAST_QUOTE_MASS
from glane.task.wording import Wording
from glane.types import ExtractedValue


def judge(found: Mapping[str, ExtractedValue], fields: Mapping[str, Field], text: str = "", offset: int = 0) -> None:
    """Set `supports` of all evidence in an answer. A quote that is not in the text supports nothing.

    A record is supported if one of its members can be read in its quote, and not if none can. In `text`, which begins
    at `offset` of the document, a term is not supported if a negation or a relative stands directly left of its quote
    ("pas de", "la mère du"), unless the field tells such by its assertion.
    """
    for name, one in found.items():
        asserted = bool(fields[name].assertion)
        for value, field in all_values(one, fields[name]):
            passage = value.evidence
            if passage is not None and value.missing is None:
                is_shown = passage.quote is not None and _is_shown(value, field, Wording(passage.quote))
                if (
                    is_shown
                    and not (asserted or field.assertion)
                    and isinstance(field, StringField)
                    and passage.start is not None
                ):
                    is_shown = not _is_of_another(value, field, text[: max(passage.start - offset, 0)])
                value.evidence = replace(passage, supports=is_shown)


def not_in_quote(found: Mapping[str, ExtractedValue], fields: Mapping[str, Field]) -> list[str]:
    """The names of the fields with a value that cannot be read in its own quote."""
    return [
        name
        for name, one in found.items()
        if any(value.evidence and value.evidence.supports is False for value, _ in all_values(one, fields[name]))
    ]


def forced_quote(found: Mapping[str, ExtractedValue], fields: Mapping[str, Field]) -> list[str]:
    """The names of the fields with a value beside a quote that has less than `LEAST_QUOTE_MASS`."""
    return [
        name
        for name, one in found.items()
        if any(_is_forced(value) for value, _ in all_values(one, fields[name]) if value.missing is None)
    ]


def _is_forced(one: ExtractedValue) -> bool:
    mass = None if one.evidence is None else one.evidence.quote_mass
    return mass is not None and mass < LEAST_QUOTE_MASS


def _is_shown(one: ExtractedValue, field: Field, quote: Wording) -> bool | None:
    if isinstance(field, ObjectField):
        inner = [
            _is_shown(value, field.fields[name], quote)
            for name, value in (one.fields or {}).items()
            if value.evidence is None
        ]
        return True if True in inner else False if False in inner else None
    if isinstance(field, ListField) or one.value is None:
        return None
    return field.shown_in(one.value, one.precision, quote)


def _is_of_another(value: ExtractedValue, field: StringField, before: str) -> bool:
    """Whether what stands left of a quote denies the value that begins it, or tells it of a relative."""
    assert value.evidence is not None
    quote, term = fold(value.evidence.quote or ""), str(value.value)
    if is_of_relative(before) and not names_relative(f"{field.description} {term}"):
        return True
    return quote.startswith(fold(term)) and not Wording(term).denies and is_denied(before)


def all_values(one: ExtractedValue, field: Field) -> Iterator[tuple[ExtractedValue, Field]]:
    """A value and all values within it, each with its field."""
    yield one, field
    if isinstance(field, ListField):
        for item in one.items or ():
            yield from all_values(item, field.items)
    if isinstance(field, ObjectField):
        for name, inner in (one.fields or {}).items():
            yield from all_values(inner, field.fields[name])
