"""Rules between fields, written by the author of a task as SQL conditions: `onset_date <= visit_date`.

A rule is fulfilled when it is true or, because something it needs is null, unknown.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from glane.errors import ConfigError
from glane.task.fields import (
    BooleanField,
    DateField,
    EnumField,
    Field,
    IntegerField,
    ListField,
    NumberField,
    StringField,
)
from glane.types import Found

# Inputs are text; in a rule they stand for what the rule compares them with.
_INPUT_TYPES: tuple[pl.DataType, ...] = (pl.Date(), pl.Float64(), pl.String())
_TYPES: dict[type, pl.DataType] = {
    StringField: pl.String(),
    EnumField: pl.String(),
    IntegerField: pl.Int64(),
    NumberField: pl.Float64(),
    BooleanField: pl.Boolean(),
    DateField: pl.Date(),
}


def check_rules(rules: Sequence[str], fields: Mapping[str, Field], inputs: Sequence[str]) -> None:
    """Read every rule once.

    Raises:
        ConfigError: for a rule that is no SQL condition on the task's fields and inputs.
    """
    Rules(rules, fields, inputs)


class Rules:
    """The rules of a task, ready to be asked about one answer after the other."""

    def __init__(self, rules: Sequence[str], fields: Mapping[str, Field], inputs: Sequence[str]) -> None:
        """Read the rules.

        Raises:
            ConfigError: see `check_rules`.
        """
        self._fields = {name: _dtype(field) for name, field in fields.items()}
        self._inputs = tuple(inputs)
        self._rules = [(rule, *self._read(rule, f"task.rules[{i}]")) for i, rule in enumerate(rules)]

    def broken(self, found: Mapping[str, Found], inputs: Mapping[str, str]) -> list[str]:
        """Return the rules that an answer breaks, as they are written."""
        if not self._rules:
            return []
        values = {name: [_value(found[name], dtype)] for name, dtype in self._fields.items()}
        frame = pl.DataFrame(values, schema=self._fields)
        broken = []
        for rule, condition, kind in self._rules:
            row = frame.with_columns(pl.lit(_input(inputs.get(name), kind), kind).alias(name) for name in self._inputs)
            if row.select(condition).item() is False:
                broken.append(rule)
        return broken

    def _read(self, rule: str, place: str) -> tuple[pl.Expr, pl.DataType]:
        """The condition, and what the inputs are in it: dates if that makes sense, else numbers, else text."""
        problem = ""
        try:
            condition = pl.sql_expr(rule)
        except (pl.exceptions.PolarsError, ValueError) as error:
            raise ConfigError(f"{place}: {rule!r} is no SQL condition ({error}).") from None
        known = [*self._fields, *self._inputs]
        if strange := [name for name in condition.meta.root_names() if name not in known]:
            raise ConfigError(f"{place}: {strange[0]!r} is neither field nor input. Valid: {', '.join(known)}.")
        for kind in _INPUT_TYPES:
            frame = pl.DataFrame(schema={**self._fields, **dict.fromkeys(self._inputs, kind)})
            try:
                dtypes = frame.select(condition).dtypes
            except pl.exceptions.PolarsError as error:
                problem = problem or str(error).splitlines()[0]
                continue
            if dtypes == [pl.Boolean()]:
                return condition, kind
            problem = problem or f"it gives {dtypes[0]}, not true or false"
        raise ConfigError(f"{place}: {rule!r} cannot be evaluated ({problem}).")


def _dtype(field: Field) -> pl.DataType:
    if isinstance(field, ListField):
        return pl.List(_TYPES.get(type(field.items), pl.Null()))
    return _TYPES.get(type(field), pl.Null())


def _value(found: Found, dtype: pl.DataType) -> Any:
    if isinstance(dtype, pl.List):
        return None if found.items is None else [item.value for item in found.items]
    return found.value


def _input(text: str | None, kind: pl.DataType) -> object:
    """An input as a rule takes it; null where it is not of that kind."""
    try:
        match kind:
            case pl.Date():
                return datetime.date.fromisoformat((text or "")[:10])  # of a time, its day
            case pl.Float64():
                return float(text or "")
            case _:
                return text or None
    except ValueError:
        return None
