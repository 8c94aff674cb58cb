"""What is to be known of a field to judge its values: its categories, and how many values a document may have."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from glane.errors import ConfigError, did_you_mean
from glane.task.fields import BooleanField, Field, ListField, ObjectField

NEGATIVE, POSITIVE = "false", "true"  # of a boolean


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A field with values. Those of each category are tested by themselves, and all together where there is none."""

    categories: tuple[str, ...] = ()
    is_pooled: bool = False  # it has categories, and is tested without regard to them
    is_boolean: bool = False
    is_list: bool = False  # a document may have several values
    is_inside_list: bool = False  # a member of the records of a list
    has_values: bool = True  # false for a list of records as such, whose members have them


def shapes(fields: Mapping[str, Field], *, pooled: Collection[str] = ()) -> dict[str, Shape]:
    """The shape of every field, members of records as `<field>.<member>`.

    Args:
        fields: The task's.
        pooled: Fields whose categories are tested together.

    Raises:
        ConfigError: if one of these is no field with categories.
    """
    found = dict(_walk(fields, prefix="", inside=False))
    known = [name for name, shape in found.items() if shape.categories]
    if strange := [name for name in pooled if name not in known]:
        raise ConfigError(f"pooled: {strange[0]!r} is no field with categories. {did_you_mean(strange[0], known)}")
    return {
        name: replace(shape, categories=(), is_pooled=True) if name in pooled else shape
        for name, shape in found.items()
    }


def _walk(fields: Mapping[str, Field], *, prefix: str, inside: bool) -> Iterator[tuple[str, Shape]]:
    for name, field in fields.items():
        path = f"{prefix}{name}"
        item = field.items if isinstance(field, ListField) else field
        is_list = isinstance(field, ListField)
        if isinstance(item, ObjectField):
            if is_list:
                yield path, Shape(is_list=True, is_inside_list=inside, has_values=False)
            yield from _walk(item.fields, prefix=f"{path}.", inside=inside or is_list)
        elif not isinstance(item, ListField):
            yield (
                path,
                Shape(
                    categories=tuple(item.categories),
                    is_boolean=isinstance(item, BooleanField),
                    is_list=is_list or inside,
                    is_inside_list=inside,
                ),
            )
        else:  # a list of lists: its values cannot be told apart, and are judged together
            yield path, Shape(is_list=True, is_inside_list=inside)
