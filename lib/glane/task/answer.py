"""Reads the JSON of an answer into typed values. Every rule of the schema is checked; nothing is repaired."""

from __future__ import annotations

from collections.abc import Mapping

from glane.form import QUOTE_MAX_LENGTH
from glane.task.fields import Field, ListField, ObjectField
from glane.task.kinds.field import AnswerError, read_text
from glane.task.locate import Node
from glane.task.schema import (
    ASSERTION,
    MISSING,
    QUOTE,
    VALUE,
    min_items,
    wrapper_keys,
)
from glane.types import Assertion, ExtractedValue, Missing

__all__ = ["AnswerError", "read_answer"]


def read_answer(fields: Mapping[str, Field], answer: Node, *, place: str = "") -> dict[str, ExtractedValue]:
    """Return the value of each of `fields` in an answer, checked against the field's definition.

    Dates become `datetime.date`; a partial date is the first day of its period, with its precision beside it. Quotes
    are kept as the model wrote them. Spans are code points of the JSON text that `answer` was located in.

    Raises:
        AnswerError: for a missing, surplus or wrong value. The message names field and rule, never the value.
    """
    members = _members(answer, tuple(fields), place)
    return {name: _found(field, members[name], _join(place, name)) for name, field in fields.items()}


def _join(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _members(node: Node, keys: tuple[str, ...], place: str) -> dict[str, Node]:
    """The members of an object that has exactly these keys."""
    if node.members is None:
        raise AnswerError(f"{place or 'answer'}: not an object")
    if absent := [key for key in keys if key not in node.members]:
        raise AnswerError(f"{_join(place, absent[0])}: missing")
    if len(node.members) > len(keys):  # a surplus key is text of the model, so the message does not repeat it
        raise AnswerError(f"{place or 'answer'}: has a key that is no field")
    return node.members


def _found(field: Field, node: Node, place: str) -> ExtractedValue:
    if field.missing and node.members is not None and MISSING in node.members:
        return _missing(field, node, place)
    if node.value is None:
        if field.missing:
            raise AnswerError(f"{place}: null without a reason")
        if not field.nullable:
            raise AnswerError(f"{place}: null, which the task does not allow")
        return ExtractedValue(span=(node.start, node.end))
    if isinstance(field, ListField):
        return _list(field, node, place)
    return _wrapped(field, field, node, place)


def _missing(field: Field, node: Node, place: str) -> ExtractedValue:
    reason = node.members[MISSING].value if node.members else None
    if reason not in field.missing:
        raise AnswerError(f"{place}.{MISSING}: none of the reasons {', '.join(field.missing)}")
    missing = Missing(reason)
    quoted = field.evidence and missing is not Missing.NOT_STATED
    members = _members(node, (MISSING, QUOTE) if quoted else (MISSING,), place)
    found = ExtractedValue(missing=missing)
    if quoted:
        _add_quote(found, members[QUOTE], place)
    found.lead, found.span = _decision(node, members, MISSING)
    return found


def _wrapped(wrapper: Field, field: Field, node: Node, place: str) -> ExtractedValue:
    """A value and the object around it. `wrapper` tells the keys of that object, `field` the type of the value.

    They differ for the items of a list: the list is the wrapper.
    """
    keys = wrapper_keys(wrapper)
    if not keys:
        return _value(field, node, place)
    members = _members(node, tuple(keys), place)
    if members[VALUE].value is None and wrapper is field:
        raise AnswerError(f"{place}.{VALUE}: null has no place there")
    found = _value(field, members[VALUE], f"{place}.{VALUE}")
    found.lead, found.span = _decision(node, members, VALUE)
    if ASSERTION in members:
        if members[ASSERTION].value not in wrapper.assertion:
            raise AnswerError(f"{place}.{ASSERTION}: none of the assertions {', '.join(wrapper.assertion)}")
        found.assertion = Assertion(members[ASSERTION].value)
    if QUOTE in members:
        _add_quote(found, members[QUOTE], place)
    return found


def _decision(node: Node, members: Mapping[str, Node], key: str) -> tuple[tuple[int, int] | None, tuple[int, int]]:
    """The places that decide on a value or a reason: before its quote, and after it. What the quote says is given."""
    decided, quote = members[key], members.get(QUOTE)
    if quote is None or quote.start > decided.start:
        return None, (node.start, decided.end)
    return (node.start, quote.start - 1), (quote.end, decided.end)


def _add_quote(found: ExtractedValue, node: Node, place: str) -> None:
    quote = read_text(node.value, f"{place}.{QUOTE}")
    if not 1 <= len(quote) <= QUOTE_MAX_LENGTH:
        raise AnswerError(f"{place}.{QUOTE}: empty, or longer than {QUOTE_MAX_LENGTH}")
    found.quote, found.quote_span = quote, (node.start, node.end)


def _list(field: ListField, node: Node, place: str) -> ExtractedValue:
    if node.items is None:
        raise AnswerError(f"{place}: not a list")
    if not min_items(field) <= len(node.items) <= field.max_items:
        raise AnswerError(f"{place}: has not {min_items(field)} to {field.max_items} items")
    items = [_wrapped(field, field.items, item, f"{place}[{i}]") for i, item in enumerate(node.items)]
    return ExtractedValue(items=items, span=(node.start, node.end), value_span=(node.start, node.end))


def _value(field: Field, node: Node, place: str) -> ExtractedValue:
    """A value without the object around it."""
    found = ExtractedValue(span=(node.start, node.end))
    if node.value is None:
        if not field.nullable:
            raise AnswerError(f"{place}: null, which the task does not allow")
        return found
    found.value_span = found.span
    if isinstance(field, ListField):
        return _list(field, node, place)
    if isinstance(field, ObjectField):
        found.fields = read_answer(field.fields, node, place=place)
        field.check_groups(found.fields, place)
    else:
        found.value = field.read(node.value, place)
        found.precision = field.precision_of(node.value)
    return found
