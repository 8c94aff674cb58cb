"""What fields ask to be derived of their values: codes of reference tables, and dates and quantities in one form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from glane.errors import ConfigError, did_you_mean
from glane.task.fields import (
    DateField,
    DatetimeField,
    EnumField,
    Field,
    IntegerField,
    ListField,
    NumberField,
    ObjectField,
    StringField,
    inner_fields,
)
from glane.task.lookups import Lookup
from glane.task.normalising import Normalise
from glane.task.units import NAMES, unit_named

_TELLING = (StringField, EnumField, IntegerField)  # kinds of field that `within` may compare with


def lookup_of(field: Field) -> str | None:
    """The name of the table to which values of a field, or items of a list, are looked up."""
    inner = field.items if isinstance(field, ListField) else field
    return inner.lookup if isinstance(inner, StringField | EnumField) else None


def normalise_of(field: Field) -> Normalise | None:
    """How values of a field, or items of a list, are brought into one form; None if they are not."""
    inner = field.items if isinstance(field, ListField) else field
    kinds = StringField | IntegerField | NumberField | DateField | DatetimeField
    return inner.normalise if isinstance(inner, kinds) else None


@dataclass(frozen=True, slots=True)
class _User:
    """A field of single values, or of a list of them, and what stands beside and above it."""

    place: str
    field: Field
    has_quote: bool
    scope: Mapping[str, Field]


def check_derived(lookups: Mapping[str, Lookup], fields: Mapping[str, Field], inputs: Sequence[str]) -> None:
    """Check what fields ask to be derived; the files of tables are not opened.

    Raises:
        ConfigError: for a table that is not declared or that no field names, a `within` or `relative_to` that is
            neither a field nor an input, an unknown unit, or a value without a quote to read.
    """
    users = list(_users(fields, fields))
    for user in users:
        if (name := lookup_of(user.field)) is not None:
            _check_lookup(user, name, lookups, inputs)
        if (asked := normalise_of(user.field)) is not None:
            _check_normalise(user, asked, inputs)
    if idle := set(lookups) - {lookup_of(user.field) for user in users}:
        name = min(idle)
        raise ConfigError(f"task.lookups.{name}: no field names this table. Write `lookup: {name}` on a field.")


def _check_lookup(user: _User, name: str, lookups: Mapping[str, Lookup], inputs: Sequence[str]) -> None:
    if name not in lookups:
        raise ConfigError(f"{user.place}.lookup: no table {name!r} under task.lookups. {did_you_mean(name, lookups)}")
    for column, other in lookups[name].within.items():
        place = f"task.lookups.{name}.within.{column}"
        _refuse_unknown(other, user, inputs, place)
        if other in user.scope and not isinstance(user.scope[other], _TELLING):
            raise ConfigError(
                f"{place}: {other!r} is a {user.scope[other].type}; a string, an enum or an integer can be compared."
            )


def _check_normalise(user: _User, asked: Normalise, inputs: Sequence[str]) -> None:
    inner = user.field.items if isinstance(user.field, ListField) else user.field
    place = f"{user.place}.normalise"
    is_date = isinstance(inner, DateField | DatetimeField)
    if not isinstance(inner, StringField) and asked.to != ("date" if is_date else "quantity"):
        raise ConfigError(f"{place}.to: a {inner.type} is read as a {'date' if is_date else 'quantity'}.")
    if not isinstance(inner, StringField) and not user.has_quote:
        raise ConfigError(f"{place}: of a {inner.type}, its quote is read: set evidence: true beside it.")
    if asked.unit is not None and unit_named(asked.unit) is None:
        raise ConfigError(f"{place}.unit: {asked.unit!r} is no known unit. {did_you_mean(asked.unit, NAMES)}")
    if (other := asked.relative_to) is None:
        return
    _refuse_unknown(other, user, inputs, f"{place}.relative_to")
    told = user.scope.get(other)
    if told is user.field or (told is not None and not isinstance(told, DateField | DatetimeField)):
        raise ConfigError(f"{place}.relative_to: {other!r} is a {user.scope[other].type}; another date is needed.")


def _refuse_unknown(other: str, user: _User, inputs: Sequence[str], place: str) -> None:
    if other not in user.scope and other not in inputs:
        raise ConfigError(
            f"{place}: {other!r} is no field beside {user.place} and no input. "
            f"{did_you_mean(other, [*user.scope, *inputs])}"
        )


def _users(fields: Mapping[str, Field], scope: Mapping[str, Field], place: str = "task.fields") -> Iterator[_User]:
    for name, field in fields.items():
        here, inner = f"{place}.{name}", field.items if isinstance(field, ListField) else field
        if isinstance(inner, ListField):
            _refuse_inner(inner, f"{here}.items")
        elif isinstance(inner, ObjectField):
            yield from _users(inner.fields, {**scope, **inner.fields}, f"{here}.fields")
        else:
            yield _User(f"{here}.items" if inner is not field else here, field, field.evidence, scope)


def _refuse_inner(field: ListField, place: str) -> None:
    """Refuse to derive anything in a list that is the item of a list."""
    inner = field.items
    if lookup_of(field) is not None or normalise_of(field) is not None:
        raise ConfigError(f"{place}.items: a list inside a list has no lookup and no normalise.")
    if isinstance(inner, ListField):
        _refuse_inner(inner, f"{place}.items")
    elif isinstance(inner, ObjectField) and (users := [one for one in _users(inner.fields, {}) if _derives(one.field)]):
        raise ConfigError(
            f"{place}: a record in a list inside a list has no lookup and no normalise ({users[0].place})."
        )


def derives(fields: Mapping[str, Field]) -> bool:
    """Whether anything is derived of the values of these fields, or of fields inside them."""
    return any(_derives(field) or derives(inner_fields(field)) for field in fields.values())


def _derives(field: Field) -> bool:
    return lookup_of(field) is not None or normalise_of(field) is not None
