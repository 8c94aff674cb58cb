"""Few-shot examples: read, completed and checked when a task is loaded."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from typing import Any

from glane.errors import ConfigError
from glane.task.answer import AnswerError, read_answer
from glane.task.fields import Field, ListField, ObjectField
from glane.task.locate import locate
from glane.task.schema import MISSING, QUOTE, VALUE, wrapper_keys
from glane.task.wording import Wording
from glane.types import ExtractedValue, Missing
from glane.validation import Strict


class Example(Strict):
    """A few-shot example: the inputs of a document, and the right answer."""

    inputs: Mapping[str, str]
    output: Mapping[str, Any]
    known: str = ""  # of a recall pass: what was found before, as JSON


def read_example(
    values: Mapping[str, Any], inputs: tuple[str, ...], fields: Mapping[str, Field], *, place: str
) -> Example:
    """Read one example as its author wrote it.

    A value may be written without the object around it if the task asks for nothing else in that object. Fields that
    are left out count as not stated in the text.

    Raises:
        ConfigError: for an answer that breaks the task's own rules, or a quote that is not in the example's text.
    """
    if strange := sorted(set(values) - set(inputs) - {"output"}):
        raise ConfigError(f"{place}.{strange[0]}: unknown key. Valid: {', '.join([*inputs, 'output'])}.")
    if missing := [name for name in (*inputs, "output") if name not in values]:
        raise ConfigError(f"{place}.{missing[0]}: missing.")
    output = values["output"]
    if not isinstance(output, Mapping):
        raise ConfigError(f"{place}.output: not a mapping of field to value.")
    texts = {name: str(values[name]).strip() for name in inputs}
    answer = _answer(plain_json(output), fields, place=f"{place}.output")
    try:
        found = read_answer(fields, locate(json.dumps(answer, ensure_ascii=False)))
    except TypeError:
        raise ConfigError(
            f"{place}.output: holds what JSON has not (!!binary or !!set). Write texts and lists."
        ) from None
    except AnswerError as error:
        asks_quote = str(error).endswith("quote: missing")
        remedy = " The task asks for evidence: write {value: …, quote: …}." if asks_quote else ""
        raise ConfigError(f"{place}.output.{error}.{remedy}") from None
    for name, quote in _quotes(found):
        if not any(quote in text for text in texts.values()):
            raise ConfigError(
                f"{place}.output.{name}: the quote {quote!r} does not stand in the example's text. "
                "Copy it letter by letter: a model repeats what it is shown."
            )
    return Example(inputs=texts, output=answer)


def example_notes(example: Example, fields: Mapping[str, Field], *, place: str) -> list[str]:
    """A note on each value of an example that cannot be read in its own quote: a model does as it is shown."""
    found = read_answer(fields, locate(json.dumps(example.output, ensure_ascii=False)))
    return [
        f"{place}.output.{name}: its quote does not show the value, and a model does as it is shown. Choose another "
        "quote, or give the field synonyms (enum) or verbatim: false (string)."
        for name, one in found.items()
        if any(_is_unshown(value, fields[name]) for value in (one, *(one.items or ())))
    ]


def _is_unshown(one: ExtractedValue, field: Field) -> bool:
    kind = field.items if isinstance(field, ListField) else field
    if one.quote is None or one.value is None or isinstance(kind, ListField | ObjectField):
        return False
    return kind.shown_in(one.value, one.precision, Wording(one.quote)) is False


def plain_json(value: Any) -> Any:
    """The value in JSON types; YAML reads dates, which become ISO text, as times of answers do."""
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain_json(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(inner) for inner in value]
    return value


def _answer(output: Mapping[str, Any], fields: Mapping[str, Field], *, place: str) -> dict[str, Any]:
    """The complete answer, with the fields that the author left out."""
    if strange := sorted(set(output) - set(fields)):
        raise ConfigError(f"{place}.{strange[0]}: is no field. Valid: {', '.join(fields)}.")
    return {
        name: _completed(field, output[name], f"{place}.{name}") if name in output else _absent(field)
        for name, field in fields.items()
    }


def _absent(field: Field) -> Any:
    """The right answer for a field that the text does not state."""
    if Missing.NOT_STATED in field.missing:
        return {MISSING: str(Missing.NOT_STATED)}
    return [] if isinstance(field, ListField) else None


def _completed(field: Field, value: Any, place: str) -> Any:
    if value is None or (field.missing and isinstance(value, Mapping) and set(value) <= {MISSING, QUOTE}):
        return value
    if isinstance(field, ListField):
        return [_wrapped(field, field.items, item, place) for item in value] if isinstance(value, list) else value
    return _wrapped(field, field, value, place)


def _wrapped(wrapper: Field, field: Field, value: Any, place: str) -> Any:
    keys = wrapper_keys(wrapper)
    if keys and isinstance(value, Mapping) and VALUE in value and set(value) <= set(keys):
        return {**value, VALUE: _inner(field, value[VALUE], place)}
    value = _inner(field, value, place)
    return {VALUE: value} if keys else value


def _inner(field: Field, value: Any, place: str) -> Any:
    if isinstance(field, ObjectField) and isinstance(value, Mapping):
        return _answer(value, field.fields, place=place)
    return _completed(field, value, place) if isinstance(field, ListField) else value


def _quotes(found: Mapping[str, ExtractedValue]) -> Iterator[tuple[str, str]]:
    for name, one in found.items():
        if one.quote is not None:
            yield name, one.quote
        for number, item in enumerate(one.items or ()):
            yield from ((f"{name}[{number}]{inner}", quote) for inner, quote in _quotes({"": item}))
        yield from ((f"{name}.{inner}", quote) for inner, quote in _quotes(one.fields or {}))
