"""Fields from a JSON Schema file or a Pydantic model that a project already has."""

from __future__ import annotations

import importlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from glane.errors import ConfigError
from glane.task.fields import Field, fields_from
from glane.task.json_schema import definitions_of


@dataclass(frozen=True, slots=True)
class ImportedFields:
    """The fields of a schema, and notes on the parts of it that were changed or ignored."""

    fields: Mapping[str, Field]
    notes: tuple[str, ...]


def fields_of_schema_file(path: Path, *, taken: Collection[str] = ()) -> ImportedFields:
    """Read the fields of a JSON Schema file.

    Raises:
        ConfigError: if it cannot be read, or asks for a rule that glane would not enforce.
    """
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"task.json_schema_file: no file {path}.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"task.json_schema_file: {path} is not readable JSON ({error}).") from None
    return fields_of_schema(schema, place=str(path), taken=taken)


def fields_of_model(name: str, *, taken: Collection[str] = ()) -> ImportedFields:
    """Read the fields of a Pydantic model named `module:Class`.

    Raises:
        ConfigError: if it cannot be imported, or is no Pydantic model.
    """
    module_name, _, class_name = name.partition(":")
    try:
        model = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError, ValueError) as error:
        raise ConfigError(f"task.pydantic_model: {name!r} cannot be imported as module:Class ({error}).") from None
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        raise ConfigError(f"task.pydantic_model: {name!r} is no Pydantic model.")
    return fields_of_schema(model.model_json_schema(), place=name, taken=taken)


def fields_of_schema(schema: Any, *, place: str, taken: Collection[str] = ()) -> ImportedFields:
    """Read the fields of a JSON Schema.

    Raises:
        ConfigError: if it has a rule that glane would not enforce, or a value that cannot be a column.
    """
    if not isinstance(schema, Mapping):
        raise ConfigError(f"{place}: not a JSON Schema.")
    definitions, notes = definitions_of(schema, place=place, taken=taken)
    return ImportedFields(fields_from(definitions, place=place), tuple(notes))
