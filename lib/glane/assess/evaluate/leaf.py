"""The parts of a task that have measures of their own (leaves), and the rules by which they are compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from glane.errors import ConfigError, did_you_mean
from glane.task.fields import Field, ListField, ObjectField
from glane.validation import validated


class Leaf(NamedTuple):
    """A field with values, or the items of a list of records as wholes."""

    path: str  # dotted inside records
    field: Field
    is_items: bool  # counted beside the values and not with them: an item is there if its keys agree
    in_list: bool  # of an item in a list: a document may have several


def leaves(fields: Mapping[str, Field], *, prefix: str = "", in_list: bool = False) -> Iterator[Leaf]:
    """Yield the leaves of `fields`: what is compared, in their order."""
    for name, field in fields.items():
        path = f"{prefix}{name}"
        match field:
            case ObjectField():
                yield from leaves(field.fields, prefix=f"{path}.", in_list=in_list)
            case ListField(items=ObjectField() as record):
                yield Leaf(path, field, True, in_list)
                yield from leaves(record.fields, prefix=f"{path}.", in_list=True)
            case _:
                yield Leaf(path, field, False, in_list)


def keys_of(field: ListField, record: ObjectField) -> tuple[str, ...]:
    """The keys that identify an item of a list of records; all its fields if the task names none."""
    return field.keys or tuple(record.fields)


def categories(field: Field) -> list[str]:
    """The categories of a boolean or enum, as text; none for other fields."""
    return [] if isinstance(field, ListField | ObjectField) else list(field.categories)


def categories_of(field: Field | None) -> list[str]:
    """The categories of a field, or of the items of a list of them; none of a column that is no field."""
    return [] if field is None else categories(field.items if isinstance(field, ListField) else field)


def rule_of(field: Field) -> str:
    """The rule of a leaf in a few words."""
    if isinstance(field, ListField):
        if isinstance(field.items, ObjectField):
            return f"assigned by {', '.join(keys_of(field, field.items))}"
        return f"items {rule_of(field.items)}"
    assert not isinstance(field, ObjectField)  # its fields are leaves
    return field.rule_words()


def with_rules(fields: Mapping[str, Field], rules: Mapping[str, Any], *, place: str) -> dict[str, Field]:
    """Return `fields` with other rules of comparison; `rules` nests as the fields do.

    Raises:
        ConfigError: for a field that there is not, or a rule that it does not take.
    """
    if strange := [name for name in rules if name not in fields]:
        raise ConfigError(f"{place}.{strange[0]}: no such field. {did_you_mean(strange[0], fields)}")
    return {
        name: _with_rule(field, rules[name], f"{place}.{name}") if name in rules else field
        for name, field in fields.items()
    }


def _with_rule(field: Field, rule: Any, place: str) -> Field:
    if isinstance(field, ListField):
        return field.model_copy(update={"items": _with_rule(field.items, rule, place)})
    if isinstance(field, ObjectField):
        if not isinstance(rule, Mapping):
            raise ConfigError(f"{place}: a rule is set on its fields. Valid: {', '.join(field.fields)}.")
        return field.model_copy(update={"fields": with_rules(field.fields, rule, place=place)})
    values = rule if isinstance(rule, Mapping) else {"rule": rule}
    return field.model_copy(update={"compare": validated(type(field.compare), values, place=place)})
