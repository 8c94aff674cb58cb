"""The kinds of field that a task can ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.errors import ConfigError, did_you_mean
from glane.task.comparison_rules import DateRule, ExactRule, NumberRule, TextRule, compare_key
from glane.types import Assertion, Missing
from glane.validation import Strict, validated

# Beyond these, a JSON number read as a double would no longer be the integer that was written.
SAFE_INTEGER = 2**53 - 1
DEFAULT_MAX_LENGTH = 1000
DEFAULT_MAX_ITEMS = 50


class _Field(Strict):
    description: str = ""
    nullable: bool = False
    evidence: bool = False  # the model quotes the document; of a list, each item
    missing: tuple[
        Missing, ...
    ] = ()  # the reasons that a null may carry, and then must; of a list, for the whole of it
    assertion: tuple[Assertion, ...] = ()  # how the text speaks of it; of a list, of each item

    _never: ClassVar[tuple[Missing, ...]] = ()  # reasons that `missing: true` does not mean

    @model_validator(mode="before")
    @classmethod
    def _shorthands(cls, values: Any) -> Any:
        """`true` means every reason, or every assertion; what can be missing can be null."""
        if not isinstance(values, Mapping):
            return values
        values = dict(values)
        for key, every in (("missing", Missing), ("assertion", Assertion)):
            if isinstance(values.get(key), bool):
                values[key] = tuple(one for one in every if one not in cls._never) if values[key] else ()
        if values.get("missing"):
            if values.get("nullable") is False:
                raise ValueError("nullable: false and missing contradict each other; leave one of them out")
            values["nullable"] = True
        return values

    @property
    def is_wrapped(self) -> bool:
        """Whether its answer is an object around the value. A list wraps its items instead, and what is missing."""
        return self.evidence or bool(self.missing) or bool(self.assertion)


class _Single(_Field):
    merge: Literal["first", "last", "most_frequent", "highest_confidence"] = "first"


class _Numeric(_Field):
    merge: Literal["first", "last", "most_frequent", "highest_confidence", "sum"] = "first"


class StringField(_Single):
    """Free text of at most `max_length` code points."""

    type: Literal["string"] = "string"
    max_length: int = Key(default=DEFAULT_MAX_LENGTH, ge=1, le=100_000)
    compare: TextRule = compare_key(TextRule())


class IntegerField(_Numeric):
    """A whole number between `minimum` and `maximum`, both included."""

    type: Literal["integer"] = "integer"
    minimum: int = Key(default=-SAFE_INTEGER, ge=-SAFE_INTEGER)
    maximum: int = Key(default=SAFE_INTEGER, le=SAFE_INTEGER)
    compare: NumberRule = compare_key(NumberRule())

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is above maximum {self.maximum}")
        return self


class NumberField(_Numeric):
    """A decimal number between `minimum` and `maximum`, both included."""

    type: Literal["number"] = "number"
    minimum: float | None = Key(default=None, allow_inf_nan=False)
    maximum: float | None = Key(default=None, allow_inf_nan=False)
    compare: NumberRule = compare_key(NumberRule())

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is above maximum {self.maximum}")
        return self


class BooleanField(_Single):
    """True or false. A denied fact is false: `missing: true` leaves that reason out."""

    _never = (Missing.DENIED,)
    type: Literal["boolean"] = "boolean"
    compare: ExactRule = compare_key(ExactRule())


class DateField(_Single):
    """A calendar date; with `precision: partial` also a year or a year and month."""

    type: Literal["date"] = "date"
    precision: Literal["day", "partial"] = "day"
    compare: DateRule = compare_key(DateRule())


class EnumField(_Single):
    """One of `values`; `labels` may explain them for the codebook and the prompt."""

    type: Literal["enum"] = "enum"
    values: tuple[str, ...] = Key(min_length=1)
    labels: Mapping[str, str] = {}
    compare: ExactRule = compare_key(ExactRule())

    @field_validator("values", mode="before")
    @classmethod
    def _strings(cls, values: Any) -> Any:
        for value in values if isinstance(values, list | tuple) else ():
            if not isinstance(value, str):
                raise ValueError(
                    f"{value!r} is not text: put quotes around it (YAML reads bare yes, no, on, 1 otherwise)"
                )
        return values

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.values)) < len(self.values):
            raise ValueError("a value is listed twice")
        if strange := set(self.labels) - set(self.values):
            raise ValueError(f"labels for {sorted(strange)}, which are no values")
        return self


class ListField(_Field):
    """Between `min_items` and `max_items` values of one kind."""

    type: Literal["list"] = "list"
    items: Field
    min_items: int = Key(default=0, ge=0)
    max_items: int = Key(default=DEFAULT_MAX_ITEMS, ge=1, le=10_000)
    merge: Literal["union"] = "union"
    keys: tuple[str, ...] = ()  # of items that are objects: the fields that tell one item from another
    similarity: float = Key(default=100.0, ge=50, le=100)  # from here on, two strings are the same to the union

    @model_validator(mode="before")
    @classmethod
    def _compared_by_items(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and "compare" in values:
            raise ValueError(
                "compare says how two items are compared: set it on `items`, or on the fields of the items"
            )
        return values

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_items > self.max_items:
            raise ValueError(f"min_items {self.min_items} is above max_items {self.max_items}")
        return self

    @model_validator(mode="after")
    def _items_are_plain(self) -> Self:
        if self.items.is_wrapped:
            raise ValueError("evidence, missing and assertion of the items are set on the list, beside `items`")
        known = tuple(self.items.fields) if isinstance(self.items, ObjectField) else ()
        if strange := [key for key in self.keys if key not in known]:
            raise ValueError(f"keys: {strange[0]!r} is no field of the items; they have {', '.join(known) or 'none'}")
        return self


class ObjectField(_Single):
    """A record with fields of its own."""

    type: Literal["object"] = "object"
    fields: Mapping[str, Field] = Key(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _compared_by_field(cls, values: Any) -> Any:
        if isinstance(values, Mapping) and "compare" in values:
            raise ValueError("compare says how two values are compared: set it on the fields of the object")
        return values


Field = StringField | IntegerField | NumberField | BooleanField | DateField | EnumField | ListField | ObjectField
ListField.model_rebuild()
ObjectField.model_rebuild()

_KINDS: dict[str, type[Field]] = {
    "string": StringField,
    "integer": IntegerField,
    "number": NumberField,
    "boolean": BooleanField,
    "date": DateField,
    "enum": EnumField,
    "list": ListField,
    "object": ObjectField,
}

# Columns that every result has beside the task's own.
RESERVED = frozenset(
    {
        "status",
        "reason",
        "finish_reason",
        "prompt_tokens",
        "output_tokens",
        "duplicate",
        "chunks",
        "repairs",
        "broken_rules",
        "leaked_from_example",
    }
)


def field_from(values: Any, *, place: str) -> Field:
    """Read one field's definition.

    Raises:
        ConfigError: naming the key under `place` that is wrong and what is valid there.
    """
    if not isinstance(values, Mapping):
        raise ConfigError(f"{place}: a field is a mapping with at least a type; it is {values!r}.")
    kind = values.get("type")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ConfigError(f"{place}.type: {kind!r} is no type. {did_you_mean(str(kind), _KINDS)}")
    values = dict(values)
    if kind == "list" and "items" in values:
        values["items"] = field_from(values["items"], place=f"{place}.items")
    if kind == "object" and "fields" in values:
        values["fields"] = fields_from(values["fields"], place=f"{place}.fields")
    return validated(_KINDS[kind], values, place=place)


def fields_from(values: Any, *, place: str) -> dict[str, Field]:
    """Read named fields, in the order in which they are asked and become columns.

    Raises:
        ConfigError: for a name that cannot be a column, or a wrong definition.
    """
    if not isinstance(values, Mapping) or not values:
        raise ConfigError(f"{place}: at least one field is needed, as `name: {{type: …}}`.")
    seen: dict[str, str] = {}
    for name in map(str, values):
        if not name.isidentifier() or "__" in name or name.startswith("_"):
            raise ConfigError(
                f"{place}.{name}: a field's name has letters, digits and single underscores, and starts with a letter."
            )
        if (twin := seen.setdefault(name.lower(), name)) != name:
            raise ConfigError(f"{place}.{name}: differs from {twin!r} by case only; rename one of them.")
    return {str(name): field_from(value, place=f"{place}.{name}") for name, value in values.items()}


def all_names(fields: Mapping[str, Field]) -> Iterator[str]:
    """The names of fields, and of those within them, at any depth."""
    for name, field in fields.items():
        yield name
        inner = field.items if isinstance(field, ListField) else field
        if isinstance(inner, ObjectField):
            yield from all_names(inner.fields)
