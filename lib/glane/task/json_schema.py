"""Converts a JSON Schema to definitions of fields.

Every rule of the schema is kept or refused. Unions and formats that have no exact equivalent are read as the nearest
kind of field, and a note says so. Notes also list the annotations that were ignored.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from glane.errors import ConfigError
from glane.task.combine import merged, resolved
from glane.task.fields import SCALARS, column_name
from glane.task.keywords import (
    ANNOTATIONS,
    GROUP_KEYS,
    NUMBERS,
    RULES,
    about,
    distinct,
    groups_of,
    list_of,
    says_nothing,
    values_of,
    without_draft_3,
)
from glane.task.kinds.list import DEFAULT_MAX_ITEMS, LONGEST
from glane.task.result import reserved_names
from glane.task.unions import union_of

_TYPES = ("string", "integer", "number", "boolean", "array", "object")


def definitions_of(
    schema: Mapping[str, Any], *, place: str, taken: Collection[str] = ()
) -> tuple[dict[str, Any], list[str]]:
    """Return the definitions of fields by name, and notes on the parts that were changed or ignored.

    A schema whose top level is not an object becomes one field, `value`. No field gets the name of a result column, or
    a name in `taken` (the inputs of the prompt).

    Raises:
        ConfigError: for a rule that glane would not enforce, or a value that cannot be a column.
    """
    reader = _Reader(schema)
    if not schema.keys() & RULES.keys():
        raise ConfigError(f"{place}: the top of the schema says nothing of what is asked (no type, no properties).")
    found = reader.field(schema, place, ())
    if found["type"] != "object" or found.keys() & set(GROUP_KEYS.values()) or found.get("nullable"):
        reader.note(place, "the top is no plain record; what it asks for is the field `value`")
        found = {"type": "object", "fields": {"value": found}}
    fields = {}
    for name, field in found["fields"].items():
        column = f"{name}_field" if name in reserved_names() or name in taken else name
        if column != name:
            whose = "a result has a column" if name in reserved_names() else "the task has an input"
            reader.note(f"{place}.{name}", f"becomes {column}: {whose} of that name")
            field["original"] = field.get("original") or name
        fields[column] = field
    return fields, reader.notes()


class _Option(NamedTuple):
    """One schema of a union, and the references that led to it."""

    schema: Mapping[str, Any]
    trail: tuple[str, ...]


class _Reader:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._notes: dict[str, None] = {}
        self._ignored: Counter[str] = Counter()

    def note(self, place: str, text: str) -> None:
        """Note a part of the schema that is changed."""
        self._notes[f"{place}: {text}."] = None

    def notes(self) -> list[str]:
        """All notes, the ignored annotations last."""
        ignored = [f"{name} ({count})" if count > 1 else name for name, count in self._ignored.items()]
        return [
            *self._notes,
            *([f"ignored, as it is no rule of JSON Schema: {', '.join(ignored)}."] if ignored else []),
        ]

    def field(self, schema: Any, place: str, trail: tuple[str, ...]) -> dict[str, Any]:
        """The definition of a field."""
        if schema is True:
            schema = {}
        if not isinstance(schema, Mapping):
            raise ConfigError(f"{place}: {_shown(schema)} is no schema.")
        schema, trail = resolved(schema, self._root, place, trail)
        schema = without_draft_3(schema)
        if groups := groups_of(schema):
            return self._grouped(schema, *groups, place, trail)
        if options := self._options(schema, place, trail):
            return self._union(schema, options, place)
        kind = self._type(schema, place)
        self._ignored.update(key for key in schema if key not in RULES and key not in ANNOTATIONS and key != "nullable")
        found = self._of_type(kind, schema, place, trail)
        if isinstance(schema.get("description"), str):
            found["description"] = schema["description"]
        if schema.get("nullable") is True or None in values_of(schema):  # `nullable` is a keyword of OpenAPI
            found["nullable"] = True
        return found

    # Groups of required fields

    def _grouped(
        self, schema: Mapping[str, Any], word: str, groups: Sequence[Sequence[str]], place: str, trail: tuple[str, ...]
    ) -> dict[str, Any]:
        """A record in which groups of fields are required together. Groups hold the schema's own names."""
        found = self.field({key: value for key, value in schema.items() if key != word}, place, trail)
        if found["type"] != "object":
            raise ConfigError(f"{place}: {word} names fields that must be there, and this is no record.")
        columns = {field.get("original", name): name for name, field in found["fields"].items()}
        if strange := [name for group in groups for name in group if name not in columns]:
            raise ConfigError(f"{place}: {word} requires {strange[0]!r}, which is no property.")
        return found | {GROUP_KEYS[word]: [[columns[name] for name in group] for group in groups]}

    # Unions

    def _options(self, schema: Mapping[str, Any], place: str, trail: tuple[str, ...]) -> list[_Option]:
        """The schemas of a union, each merged with the keywords beside the union; empty if there is no union."""
        words = [word for word in ("anyOf", "oneOf") if word in schema]
        rest = {key: value for key, value in schema.items() if key not in words}
        if not words:
            kinds = schema.get("type")
            if not isinstance(kinds, list):
                return []
            return [_Option({**about(kind, rest), "type": kind}, trail) for kind in kinds]
        if len(words) > 1:
            raise ConfigError(f"{place}: anyOf and oneOf side by side are not read; keep one of them.")
        options = schema[words[0]]
        if not isinstance(options, list) or not options:
            raise ConfigError(f"{place}.{words[0]}: not a list of schemas.")
        found: list[_Option] = []
        for option in options:
            if not isinstance(option, Mapping):
                raise ConfigError(f"{place}.{words[0]}: {_shown(option)} is no schema.")
            whole, deeper = resolved(option, self._root, place, trail)
            beside = {key: value for key, value in rest.items() if key != "description"}
            found.append(_Option(merged(beside, whole, place), deeper))
        return found

    def _union(self, schema: Mapping[str, Any], options: Sequence[_Option], place: str) -> dict[str, Any]:
        nulls = [one for one in options if one.schema.get("type") == "null" or values_of(one.schema) == [None]]
        others = [one for one in options if one not in nulls]
        if not others:
            raise ConfigError(f"{place}: only null is allowed; a field without values is no column.")
        found = self._one_of(others, "oneOf" if "oneOf" in schema else "anyOf", place)
        if isinstance(schema.get("description"), str):
            found["description"] = schema["description"]
        if nulls or any(one.schema.get("nullable") for one in options):
            found["nullable"] = True
        return found

    def _one_of(self, options: Sequence[_Option], word: str, place: str) -> dict[str, Any]:
        values = [values_of(one.schema) for one in options]
        if len(options) > 1 and all(values) and not any(isinstance(one, bool) for group in values for one in group):
            return self.field({"enum": list(distinct(one for group in values for one in group))}, place, ())
        read = [self.field(one.schema, place, one.trail) for one in options]
        found, note = union_of(read, word, place)
        if note:
            self.note(place, note)
        return found

    # Types

    def _type(self, schema: Mapping[str, Any], place: str) -> str:
        kind = schema.get("type")
        if kind in _TYPES:
            return str(kind)
        if kind is not None and kind != "any":
            raise ConfigError(f"{place}.type: {_shown(kind)} is not supported. Valid: {', '.join(_TYPES)}.")
        if values := [value for value in values_of(schema) if value is not None]:
            return "boolean" if all(isinstance(value, bool) for value in values) else "string"
        for name in schema:
            if len(kinds := RULES.get(name, ())) == 1:
                return kinds[0]
        if schema.keys() & {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}:
            return "number"
        if "format" not in schema:
            self.note(place, "any value: read as text")
        return "string"

    def _of_type(self, kind: str, schema: Mapping[str, Any], place: str, trail: tuple[str, ...]) -> dict[str, Any]:
        if wrong := [key for key in NUMBERS & schema.keys() if not isinstance(schema[key], int | float)]:
            raise ConfigError(f"{place}.{wrong[0]}: {_shown(schema[wrong[0]])} is no number.")
        if kind == "array":
            found, used = self._list(schema, place, trail)
        elif kind == "object":
            found, used = self._object(schema, place, trail)
        else:
            found, used = self._scalar(kind, schema, place)
        self._refuse_rest(kind, schema, used | {"type"}, place)
        return found

    def _refuse_rest(self, kind: str, schema: Mapping[str, Any], used: Iterable[str], place: str) -> None:
        for key in schema.keys() & RULES.keys() - set(used):
            about = RULES[key]
            if about and kind not in about:
                self.note(place, f"{key} has no effect on {kind}")
            elif not says_nothing(key, schema[key], kind):
                raise ConfigError(
                    f"{place}: {key!r} is a rule that glane would not enforce here. Leave it out of the schema, "
                    "and check it afterwards or write it as one of task.rules."
                )

    def _scalar(self, kind: str, schema: Mapping[str, Any], place: str) -> tuple[dict[str, Any], frozenset[str]]:
        values = [value for value in values_of(schema) if value is not None]
        if any(isinstance(value, list | Mapping) for value in values):
            raise ConfigError(f"{place}.enum: holds a list or a record, which are no categories.")
        used: frozenset[str] = frozenset()
        if values and kind == "boolean" and {True, False} <= set(values):
            used = frozenset({"enum"})
        elif values:
            schema = {**{key: value for key, value in schema.items() if key not in ("enum", "const")}, "enum": values}
        for one in reversed(SCALARS):  # reversed, as plain text takes every format and is the first kind
            if (imported := one.imported(kind, schema)) is not None:
                for text in imported.notes:
                    self.note(place, text)
                return dict(imported.keys), imported.used | used
        raise AssertionError(f"no kind takes the JSON type {kind}")

    def _list(
        self, schema: Mapping[str, Any], place: str, trail: tuple[str, ...]
    ) -> tuple[dict[str, Any], frozenset[str]]:
        items = schema.get("items", {})
        if isinstance(items, list):
            raise ConfigError(f"{place}.items: items that differ by place are not read; make them fields of a record.")
        found: dict[str, Any] = {"type": "list", "items": self.field(items, f"{place}.items", trail)}
        fewest, most = int(schema.get("minItems", 0)), schema.get("maxItems")
        if fewest:
            found["min_items"] = fewest
        found["max_items"] = max(DEFAULT_MAX_ITEMS, fewest) if most is None else min(int(most), LONGEST)
        if most is not None and most > LONGEST:
            self.note(place, f"maxItems {most} is read as {LONGEST}")
        if most is None and not fewest:
            del found["max_items"]
        # additionalItems has a meaning only if `items` is a list of schemas, which it is not here.
        return found, frozenset({"items", "minItems", "maxItems", "additionalItems"})

    def _object(
        self, schema: Mapping[str, Any], place: str, trail: tuple[str, ...]
    ) -> tuple[dict[str, Any], frozenset[str]]:
        properties = schema.get("properties", {})
        if not isinstance(properties, Mapping):
            raise ConfigError(f"{place}.properties: not a mapping of name to schema.")
        required = {str(name) for name in list_of(schema.get("required"))}
        required |= {
            name for name, one in properties.items() if isinstance(one, Mapping) and one.get("required") is True
        }
        fields: dict[str, Any] = {}
        for name in dict.fromkeys([*properties, *sorted(required)]):
            inner = properties.get(name, True)
            if inner is False and name not in required:
                continue  # a forbidden property; answers never have properties that are not fields
            column = column_name(name, fields)
            found = self.field(inner, f"{place}.{name}", trail)
            if column != name:
                self.note(f"{place}.{name}", f"becomes {column}: a name has letters, digits and single underscores")
                found["original"] = name
            if name not in required:
                found["nullable"] = True
            fields[column] = found
        if not fields:
            raise ConfigError(f"{place}: a record without named fields is no column; name its properties.")
        used = {"properties", "required", "additionalProperties", "unevaluatedProperties"}
        used |= self._kept_by_names(schema, list(properties), required, place)
        return {"type": "object", "fields": fields}, frozenset(used)

    def _kept_by_names(
        self, schema: Mapping[str, Any], names: Sequence[str], required: set[str], place: str
    ) -> set[str]:
        """The rules about property names that every answer fulfils, as it has exactly the fields."""
        kept = set()
        if schema.get("minProperties", 0) <= len(required):
            kept.add("minProperties")
        if schema.get("maxProperties", len(names)) >= len(names):
            kept.add("maxProperties")
        for word in ("dependencies", "dependentRequired", "dependentSchemas"):
            needed = schema.get(word, {})
            if isinstance(needed, Mapping) and all(
                name not in names or (isinstance(others, list) and required >= set(others))
                for name, others in needed.items()
            ):
                kept.add(word)
        patterns = schema.get("patternProperties", {})
        if isinstance(patterns, Mapping) and not any(_is_in(one, name) for one in patterns for name in names):
            kept.add("patternProperties")
            if patterns:
                self.note(place, "patternProperties: names that the schema does not list are not asked for")
        return kept


def _is_in(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return True


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"
