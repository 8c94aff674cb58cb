"""A task: what an epidemiologist writes in YAML, read once and checked whole."""

from __future__ import annotations

import datetime
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field as Key

from glane.errors import ConfigError
from glane.task.answer import AnswerError, column_values
from glane.task.fields import RESERVED, Field, ListField, fields_from
from glane.task.imports import fields_of_model, fields_of_schema_file
from glane.task.schema import json_schema
from glane.validation import Strict, validated

TEXT_INPUT = "text"


class Example(Strict):
    """A few-shot example: the inputs as a document would give them, and the answer that is right."""

    inputs: Mapping[str, str]
    output: Mapping[str, Any]


class Task(Strict):
    """What is asked of each document."""

    name: str = Key(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")
    version: str
    language: Literal["fr", "en"]
    instructions: str = Key(min_length=1)
    inputs: tuple[str, ...]
    fields: Mapping[str, Field]
    examples: tuple[Example, ...]

    @property
    def answer_schema(self) -> str:
        """The JSON Schema of an answer, as compact JSON."""
        return json.dumps(json_schema(self.fields), ensure_ascii=False, separators=(",", ":"))

    @property
    def input_columns(self) -> list[str]:
        """The columns that a prompt takes beside the text."""
        return [name for name in self.inputs if name != TEXT_INPUT]


class _Definition(Strict):
    """The keys of a task file. Exactly one of `fields`, `schema` and `model` says what is asked."""

    name: str
    version: str = "1"
    language: str = "fr"
    instructions: str
    inputs: tuple[str, ...] = (TEXT_INPUT,)
    fields: Mapping[str, Any] | None = None
    json_schema_file: str | None = None
    pydantic_model: str | None = None
    examples: tuple[Mapping[str, Any], ...] = ()


def load_task(values: Mapping[str, Any]) -> Task:
    """Read a task from the plain values of its YAML.

    Raises:
        ConfigError: naming the key that is wrong, the value and what would be valid.
    """
    definition = validated(_Definition, {**values, "version": str(values.get("version", "1"))}, place="task")
    sources = {
        "fields": definition.fields,
        "json_schema_file": definition.json_schema_file,
        "pydantic_model": definition.pydantic_model,
    }
    given = [name for name, source in sources.items() if source is not None]
    if len(given) != 1:
        raise ConfigError(f"task: exactly one of {', '.join(sources)} says what is asked; given: {given or 'none'}.")
    if definition.json_schema_file is not None:
        fields = fields_of_schema_file(Path(definition.json_schema_file))
    elif definition.pydantic_model is not None:
        fields = fields_of_model(definition.pydantic_model)
    else:
        fields = fields_from(definition.fields, place="task.fields")
    if taken := sorted(set(fields) & RESERVED):
        raise ConfigError(f"task.fields.{taken[0]}: this name is a column of every result; choose another.")
    if not definition.inputs or len(set(definition.inputs)) < len(definition.inputs):
        raise ConfigError(
            f"task.inputs: name each input once, {TEXT_INPUT!r} among them; it is {list(definition.inputs)}."
        )
    if TEXT_INPUT not in definition.inputs:
        raise ConfigError(
            f"task.inputs: {TEXT_INPUT!r} (the document itself) is missing from {list(definition.inputs)}."
        )
    examples = [
        _example(example, definition.inputs, fields, place=f"task.examples[{i}]")
        for i, example in enumerate(definition.examples)
    ]
    return validated(
        Task,
        {
            "name": definition.name,
            "version": definition.version,
            "language": definition.language,
            "instructions": definition.instructions.strip(),
            "inputs": definition.inputs,
            "fields": fields,
            "examples": examples,
        },
        place="task",
    )


def _example(values: Mapping[str, Any], inputs: tuple[str, ...], fields: Mapping[str, Field], *, place: str) -> Example:
    if strange := sorted(set(values) - set(inputs) - {"output"}):
        raise ConfigError(f"{place}.{strange[0]}: unknown key. Valid: {', '.join([*inputs, 'output'])}.")
    if missing := [name for name in (*inputs, "output") if name not in values]:
        raise ConfigError(f"{place}.{missing[0]}: missing.")
    output = values["output"]
    if not isinstance(output, Mapping):
        raise ConfigError(f"{place}.output: not a mapping of field to value.")
    if strange := sorted(set(map(str, output)) - set(fields)):
        raise ConfigError(f"{place}.output.{strange[0]}: is no field. Valid: {', '.join(fields)}.")
    # What an example leaves out is what the model should say of what is not there: null, or an empty list.
    absent: dict[str, Any] = {name: [] if isinstance(field, ListField) else None for name, field in fields.items()}
    plain = {name: _plain(output.get(name, absent[name])) for name in fields}
    try:
        column_values(fields, plain)
    except AnswerError as error:
        raise ConfigError(f"{place}.output.{error}.") from None
    return Example(inputs={name: str(values[name]).strip() for name in inputs}, output=plain)


def _plain(value: Any) -> Any:
    """JSON's own types: YAML also reads dates."""
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value
