"""Converts a JSON Schema to definitions of fields.

Every rule of the schema is kept or refused. A field may allow less than the schema: a union is read as the one kind of
field that keeps the rules, and a note says so. Notes also name the formats that are not checked, and list the
annotations that were ignored.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from glane.errors import ConfigError
from glane.task.combine import as_schema, merged, resolved, sealed
from glane.task.fields import SCALARS, column_name
from glane.task.keywords import (
    ANNOTATIONS,
    GROUP_KEYS,
    RULES,
    about,
    allows_all,
    groups_of,
    says_nothing,
    values_of,
    without_draft_3,
)
from glane.task.kinds.list import DEFAULT_MAX_ITEMS, LONGEST
from glane.task.listed import CHECKED, CHECKED_FORMATS, listed
from glane.task.result import reserved_names
from glane.task.shapes import shown
from glane.task.unions import Further, union_of

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
    fields: dict[str, Any] = {}
    for name, field in found["fields"].items():
        column = name
        if name in reserved_names() or name in taken:
            column = column_name(f"{name}_field", {**found["fields"], **fields})
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
        schema, trail = resolved(as_schema(schema, place), self._root, place, trail)
        schema = without_draft_3(schema)
        if groups := groups_of(schema):
            return self._grouped(schema, *groups, place, trail)
        if options := self._options(schema, place, trail):
            return self._union(schema, options, place)
        self._ignored.update(key for key in schema if key not in RULES and key not in ANNOTATIONS and key != "nullable")
        values = listed(schema, place)
        found = self._listed(schema, values, place) if values else self._of_type(schema, place, trail)
        if isinstance(schema.get("description"), str):
            found["description"] = schema["description"]
        if schema.get("nullable") is True or None in values:  # `nullable` is a keyword of OpenAPI
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
        always = [name for group in groups for name in group if name in schema.get("required", ())]
        if word == "oneOf" and (there := [name for name in always if found["fields"][columns[name]].get("nullable")]):
            raise ConfigError(
                f"{place}: oneOf requires {there[0]!r}, which is always there, if only as null. "
                "Leave it out of `required`, or null out of its type."
            )
        return found | {GROUP_KEYS[word]: [[columns[name] for name in group] for group in groups]}

    # Unions

    def _options(self, schema: Mapping[str, Any], place: str, trail: tuple[str, ...]) -> list[_Option]:
        """The schemas of a union, each merged with the keywords beside the union; empty if there is no union."""
        words = [word for word in ("anyOf", "oneOf") if word in schema]
        rest = {key: value for key, value in schema.items() if key not in words}
        if not words:
            kinds = schema.get("type")
            if not isinstance(kinds, list) or schema.keys() & {"enum", "const"}:  # listed values tell their types
                return []
            return [_Option({**about(kind, rest), "type": kind}, trail) for kind in kinds]
        if len(words) > 1:
            raise ConfigError(f"{place}: anyOf and oneOf side by side are not read; keep one of them.")
        found: list[_Option] = []
        for option in schema[words[0]]:
            whole, deeper = resolved(as_schema(option, f"{place}.{words[0]}"), self._root, place, trail)
            beside = {key: value for key, value in rest.items() if key not in ("description", "nullable")}
            found.append(_Option(merged(beside, sealed(whole), place), deeper))
        return found

    def _union(self, schema: Mapping[str, Any], options: Sequence[_Option], place: str) -> dict[str, Any]:
        are_null = [self._is_null(one.schema, place) for one in options]
        nulls, others = (
            [one for one, is_null in zip(options, are_null, strict=True) if is_null is wanted]
            for wanted in (True, False)
        )
        if not others:
            raise ConfigError(f"{place}: only null is allowed; a field without values is no column.")
        word = "oneOf" if "oneOf" in schema else "anyOf"
        read = [self.field(one.schema, place, one.trail) for one in others]
        self._refuse_nested(others, read, word, place)
        if word == "oneOf" and (nulls or len({one["type"] for one in read}) > 1):
            _refuse_untyped(others, place)
        found, note = union_of(read, word, place, further=[_further(one.schema) for one in others])
        if note:
            self.note(place, note)
        if isinstance(schema.get("description"), str):
            found["description"] = schema["description"]
        allowed = [one for one in nulls if None in values_of(one.schema) or not values_of(one.schema)]
        if len(allowed) < len(nulls):
            self.note(place, "null is none of the listed values, so it is not allowed")
        if word == "oneOf" and len(allowed) + sum(one.get("nullable", False) for one in read) > 1:
            raise ConfigError(
                f"{place}.oneOf: null is allowed by two of its schemas, so that it is in not exactly one."
            )
        return found | {"nullable": True} if allowed or schema.get("nullable") else found

    def _is_null(self, schema: Mapping[str, Any], place: str) -> bool:
        if schema.get("type") != "null" and not (values_of(schema) == [None] and "type" not in schema):
            return False
        self._refuse_rest("null", schema, ("type", "enum", "const"), place)
        return True

    def _refuse_nested(
        self, options: Sequence[_Option], read: Sequence[Mapping[str, Any]], word: str, place: str
    ) -> None:
        """Refuse a union that is an option of a union of records: what its records exclude is not known any more."""
        nested = [one for one in options if one.schema.keys() & {"anyOf", "oneOf"}]
        if len(options) > 1 and nested and all(one["type"] == "object" for one in read):
            raise ConfigError(
                f"{place}.{word}: one of its records is a union itself; write all records into one union."
            )

    # Types

    def _type(self, schema: Mapping[str, Any], place: str) -> str:
        kind = schema.get("type")
        if kind in _TYPES:
            return str(kind)
        if kind == "null":
            raise ConfigError(f"{place}: only null is allowed; a field without values is no column.")
        if kind is not None and kind != "any":
            raise ConfigError(f"{place}.type: {shown(kind)} is not supported. Valid: {', '.join(_TYPES)}.")
        for name in schema:
            if len(kinds := RULES.get(name, ())) == 1:
                return kinds[0]
        if schema.keys() & {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}:
            return "number"
        if "format" not in schema:
            self.note(place, "any value: read as text")
        return "string"

    def _of_type(self, schema: Mapping[str, Any], place: str, trail: tuple[str, ...]) -> dict[str, Any]:
        kind = self._type(schema, place)
        if kind == "array":
            found, used = self._list(schema, place, trail)
        elif kind == "object":
            found, used = self._object(schema, place, trail)
        else:
            found, used = self._scalar(kind, schema, place)
        self._refuse_rest(kind, schema, used | {"type"}, place)
        return found

    def _refuse_rest(self, kind: str, schema: Mapping[str, Any], used: Iterable[str], place: str) -> None:
        done = set(used)
        for key in [one for one in schema if one in RULES and one not in done]:  # in the schema's order
            kinds = RULES[key]
            if kinds and kind not in kinds:
                if kind != "null":
                    self.note(place, f"{key} has no effect on {kind}")
            elif not says_nothing(key, schema[key], kind):
                raise ConfigError(
                    f"{place}: {key!r} is a rule that glane would not enforce here. Leave it out of the schema, "
                    "and check it afterwards or write it as one of task.rules."
                )

    def _listed(self, schema: Mapping[str, Any], values: Sequence[Any], place: str) -> dict[str, Any]:
        """The field of values that are listed, and that fulfil the rules in `CHECKED`."""
        self._refuse_rest("string", schema, CHECKED, place)
        allowed = [value for value in values if value is not None]
        if not allowed:
            raise ConfigError(f"{place}: only null is allowed; a field without values is no column.")
        kinds = schema.get("type")
        if None not in values and isinstance(kinds, list) and "null" in kinds:
            self.note(place, "null is none of the listed values, so it is not allowed")
        if schema.get("format") and schema["format"] not in CHECKED_FORMATS:
            self.note(place, f"format {schema['format']!r} is not checked")
        if all(isinstance(value, bool) for value in allowed):
            if len(allowed) == 1:
                raise ConfigError(f"{place}.enum: {shown(allowed[0])} alone is no question; leave the field out.")
            return {"type": "boolean"}
        found, _ = self._scalar("string", {"enum": allowed}, place)
        if twins := [text for text, times in Counter(found["values"]).items() if times > 1]:
            raise ConfigError(f"{place}.enum: {twins[0]!r} is listed as text and as a number; keep one of them.")
        return found

    def _scalar(self, kind: str, schema: Mapping[str, Any], place: str) -> tuple[dict[str, Any], frozenset[str]]:
        for one in reversed(SCALARS):  # reversed, as plain text takes every format and is the first kind
            if (imported := one.imported(kind, schema)) is not None:
                for text in imported.notes:
                    self.note(place, text)
                return dict(imported.keys), imported.used
        raise AssertionError(f"no kind takes the JSON type {kind}")

    def _list(
        self, schema: Mapping[str, Any], place: str, trail: tuple[str, ...]
    ) -> tuple[dict[str, Any], frozenset[str]]:
        items = schema.get("items", {})
        if isinstance(items, list):
            raise ConfigError(f"{place}.items: items that differ by place are not read; make them fields of a record.")
        found: dict[str, Any] = {"type": "list", "items": self.field(items, f"{place}.items", trail)}
        fewest, most = int(schema.get("minItems", 0)), schema.get("maxItems")
        if fewest > LONGEST:
            raise ConfigError(f"{place}.minItems: {shown(schema['minItems'])} is above {LONGEST}, the longest list.")
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
        required = {*schema.get("required", ())}
        required |= {
            name for name, one in properties.items() if isinstance(one, Mapping) and one.get("required") is True
        }
        further = schema.get("additionalProperties", schema.get("unevaluatedProperties", True))
        names = list(dict.fromkeys([*properties, *sorted(required)]))
        fields: dict[str, Any] = {}
        for name in names:
            inner = properties.get(name, further)
            if inner is False and name not in required:
                continue  # a forbidden property; answers never have properties that are not fields
            if inner is False:
                raise ConfigError(f"{place}.{name}: is both required and excluded.")
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
        used |= self._kept_by_names(schema, names, required, place)
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
            if all(
                name not in names or (isinstance(others, list) and required >= set(others))
                for name, others in needed.items()
            ):
                kept.add(word)
        patterns = schema.get("patternProperties", {})
        if not any(_is_in(one, name) for one in patterns for name in names):
            kept.add("patternProperties")
            if patterns:
                self.note(place, "patternProperties: names that the schema does not list are not asked for")
        return kept


def _is_in(pattern: str, name: str) -> bool:
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return True


def _refuse_untyped(options: Sequence[_Option], place: str) -> None:
    """Refuse schemas of oneOf that allow values of every type, so that values of the others are in two of them."""
    if any(not one.schema.keys() & {"type", "enum", "const"} or one.schema.get("type") == "any" for one in options):
        raise ConfigError(f"{place}.oneOf: give each of its schemas a type, or write anyOf.")


def _further(schema: Mapping[str, Any]) -> Further:
    """What the schema of a record says of properties that it does not name."""
    words = ["additionalProperties", "unevaluatedProperties", "patternProperties", "maxProperties"]
    words += ["dependencies", "dependentRequired", "dependentSchemas"]
    said = [word for word in words if not allows_all(schema.get(word, True))]
    forbidden = any(one is False for one in schema.get("properties", {}).values())
    if schema.get("additionalProperties") is False and "patternProperties" not in said and not forbidden:
        return Further.EXCLUDED
    return Further.RULED if said or forbidden else Further.ALLOWED
