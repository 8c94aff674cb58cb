"""Fields from a JSON Schema file or a Pydantic model that a project already has."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glane.errors import ConfigError
from glane.task.fields import Field, fields_from
from glane.task.json_schema import definitions_of
from glane.task.models import schema_of_model

_MOST_DIGITS = 309  # of a double


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
        text = path.read_text(encoding="utf-8-sig")  # an editor on Windows may write a byte order mark
    except FileNotFoundError:
        raise ConfigError(f"task.json_schema_file: no file {path}.") from None
    except OSError as error:
        raise ConfigError(f"task.json_schema_file: {path} cannot be read ({error.strerror}).") from None
    except ValueError:
        raise ConfigError(f"task.json_schema_file: {path} is not UTF-8; save it as that.") from None
    return fields_of_schema(_parsed(text, path), place=str(path), taken=taken)


def _parsed(text: str, path: Path) -> Any:
    """The JSON of a schema file, of which readers could not differ: no key twice, and only numbers that JSON has."""
    try:
        found = json.loads(
            text, object_pairs_hook=_record, parse_constant=_no_number, parse_float=_decimal, parse_int=_whole
        )
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ConfigError(
            f"task.json_schema_file: {path} holds half of a surrogate pair (\\ud800 to \\udfff)."
        ) from None
    except RecursionError:
        raise ConfigError(f"task.json_schema_file: {path} is nested too deeply.") from None
    except ValueError as error:
        raise ConfigError(f"task.json_schema_file: {path} is not readable JSON ({error}).") from None
    return found


def _record(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twin!r} stands twice in the object with the keys {', '.join(found)}")
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


def _decimal(digits: str) -> float:
    if not math.isfinite(found := float(digits)):
        raise ValueError(f"the number {digits[:20]} is too large for a double")
    return found


def _whole(digits: str) -> int:
    if len(digits) > _MOST_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits is too large for a double")
    return int(digits)


def fields_of_model(name: str, *, taken: Collection[str] = ()) -> ImportedFields:
    """Read the fields of a Pydantic model named `module:Class`. Its module is imported, so its code is run.

    Raises:
        ConfigError: if it cannot be imported, is no Pydantic model, or has a rule that glane would not enforce.
    """
    schema, notes = schema_of_model(name)
    found = fields_of_schema(schema, place=name, taken=taken)
    return ImportedFields(found.fields, (*notes, *found.notes))


def fields_of_schema(schema: Any, *, place: str, taken: Collection[str] = ()) -> ImportedFields:
    """Read the fields of a JSON Schema.

    Raises:
        ConfigError: if it has a rule that glane would not enforce, or a value that cannot be a column.
    """
    if not isinstance(schema, Mapping):
        raise ConfigError(f"{place}: not a JSON Schema.")
    try:
        definitions, notes = definitions_of(schema, place=place, taken=taken)
        return ImportedFields(fields_from(definitions, place=place), tuple(notes))
    except RecursionError:
        raise ConfigError(f"{place}: the schema is nested too deeply to be columns.") from None
