"""Reference tables that a task names, to which the values of its fields are looked up: communes, hospitals, drugs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, Self

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.errors import ConfigError, did_you_mean
from glane.settings.shapes import HomePath, one_or_many
from glane.task.fields import EnumField, Field, IntegerField, ListField, ObjectField, StringField
from glane.validation import Strict

# What the members of `<field>__lookup` are called before those that `also` adds.
MEMBERS = ("code", "label", "how", "similarity", "candidates")
_TELLING = (StringField, EnumField, IntegerField)  # kinds of field that `within` may compare with


class Lookup(Strict):
    """A reference table: a Parquet or CSV file with names and a code for each. See docs/lookups.md."""

    path: HomePath
    match: tuple[str, ...] = Key(min_length=1)  # columns of names: texts, or lists of texts
    code: str
    label: str | None = None  # the column that tells the entry; by default the first of `match`
    also: tuple[str, ...] = ()  # columns that are shown beside the code
    within: Mapping[str, str] = {}  # by column of the table: a field or input that must say the same
    several: str | None = Key(default=None, min_length=1)  # the sign between several names in one cell
    similarity: float | None = Key(default=90.0, ge=80, le=100)  # 0 to 100, the least of a fuzzy match; null: none
    margin: float = Key(default=5.0, ge=0, le=20)  # by which a fuzzy match must be better than that of another code
    separator: Literal[";", ",", "\t", "|"] | None = None  # of a CSV file; by default found in its first line
    encoding: Literal["utf-8", "windows-1252"] | None = None  # of a CSV file; by default the one that it can be read in

    _listed = field_validator("match", "also", mode="before")(one_or_many)

    @model_validator(mode="after")
    def _members_differ(self) -> Self:
        if taken := [name for name in self.also if name in MEMBERS]:
            raise ValueError(f"also: {taken[0]!r} is a member of every match; rename that column of the table")
        if twins := [name for name in self.also if self.also.count(name) > 1]:
            raise ValueError(f"also: {twins[0]!r} is named twice")
        return self

    @property
    def label_column(self) -> str:
        """The column that tells an entry."""
        return self.label or self.match[0]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read, each once."""
        return tuple(dict.fromkeys((*self.match, self.code, self.label_column, *self.also, *self.within)))


def lookup_of(field: Field) -> str | None:
    """The name of the table to which values of a field, or items of a list, are looked up."""
    inner = field.items if isinstance(field, ListField) else field
    return inner.lookup if isinstance(inner, StringField | EnumField) else None


def check_lookups(lookups: Mapping[str, Lookup], fields: Mapping[str, Field], inputs: Sequence[str]) -> None:
    """Check the tables of a task against its fields; the files are not opened.

    Raises:
        ConfigError: for a field with a table that is not declared, a table that no field names, or a `within` that
            names neither a field nor an input.
    """
    used = set()
    for place, name, scope in _users(fields, fields):
        if name not in lookups:
            raise ConfigError(f"{place}.lookup: no table {name!r} under task.lookups. {did_you_mean(name, lookups)}")
        used.add(name)
        for column, other in lookups[name].within.items():
            if other not in scope and other not in inputs:
                raise ConfigError(
                    f"task.lookups.{name}.within.{column}: {other!r} is no field beside {place} and no input. "
                    f"{did_you_mean(other, [*scope, *inputs])}"
                )
            if other in scope and not isinstance(scope[other], _TELLING):
                raise ConfigError(
                    f"task.lookups.{name}.within.{column}: {other!r} is a {scope[other].type}; a string, an enum or "
                    "an integer can be compared with the table."
                )
    if idle := [name for name in lookups if name not in used]:
        raise ConfigError(f"task.lookups.{idle[0]}: no field names this table. Write `lookup: {idle[0]}` on a field.")


def _users(
    fields: Mapping[str, Field], scope: Mapping[str, Field], place: str = "task.fields"
) -> Iterator[tuple[str, str, Mapping[str, Field]]]:
    """Place and table of each field that names one, with the fields that stand beside or above it."""
    for name, field in fields.items():
        here, inner = f"{place}.{name}", field
        while isinstance(inner, ListField):
            here, inner = f"{here}.items", inner.items
            if isinstance(inner, ListField) and lookup_of(inner) is not None:
                raise ConfigError(f"{here}.items.lookup: a list inside a list cannot be looked up.")
        if isinstance(inner, ObjectField):
            yield from _users(inner.fields, {**scope, **inner.fields}, f"{here}.fields")
        elif (table := lookup_of(inner)) is not None:
            yield here, table, scope
