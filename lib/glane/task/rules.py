"""Rules between fields, written by the author of a task as SQL conditions: `onset_date <= visit_date`.

A rule is fulfilled if it is true, or unknown because one of its columns is null. If an answer breaks a rule, the prompt
is asked again. If the rule is still broken, the row says so (`flag`: the document itself may be wrong) or loses its
values (`reject`: the answer contradicts itself).
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl
from pydantic import Field as Key
from pydantic import model_validator

from glane.conditions import check_categories, quote_remedy, read_condition, typed_condition
from glane.errors import ConfigError
from glane.task.fields import Field, ListField, ObjectField, inner_fields
from glane.task.possible import possible_cells
from glane.types import ExtractedValue
from glane.validation import Strict

# Inputs are text. In a rule, an input is read as the first of these types that fits it and that the rule can use.
_INPUT_TYPES: tuple[pl.DataType, ...] = (pl.Date(), pl.Float64(), pl.String())
_INPUT_SAMPLES: Mapping[pl.DataType, object] = {
    pl.Date(): datetime.date(2000, 1, 1),
    pl.Float64(): 1.5,
    pl.String(): "a",
}


class Rule(Strict):
    """One rule, and what happens to a row that breaks it."""

    rule: str = Key(min_length=1)
    if_broken: Literal["flag", "reject"] = "flag"

    @model_validator(mode="before")
    @classmethod
    def _by_text(cls, values: Any) -> Any:
        """A rule may be written as a condition without keys."""
        return {"rule": values} if isinstance(values, str) else values


@dataclass(frozen=True, slots=True)
class _Condition:
    rule: Rule
    inputs: tuple[str, ...]  # the inputs in the condition
    typed: Mapping[
        tuple[pl.DataType, ...], pl.Expr
    ]  # the types of these inputs with which it can be evaluated, and how


def names_in(rule: Rule) -> set[str]:
    """The fields and inputs that a rule names.

    Raises:
        ConfigError: if it is no SQL condition.
    """
    return set(read_condition(rule.rule, place="task.rules").meta.root_names())


class Rules:
    """The rules of a task, compiled once and checked against many answers."""

    def __init__(self, rules: Sequence[Rule], fields: Mapping[str, Field], inputs: Sequence[str]) -> None:
        """Read the rules.

        Raises:
            ConfigError: for a rule that is not an SQL condition on the task's fields and inputs.
        """
        self._fields = {name: _dtype(field) for name, field in fields.items()}
        self._cells = possible_cells({name: field for name, field in fields.items() if not inner_fields(field)})
        self._samples = [{name: [_sample(field, size)] for name, field in fields.items()} for size in (0, 2)]
        self._conditions = [self._read(rule, inputs, f"task.rules[{i}]") for i, rule in enumerate(rules)]

    def broken(self, found: Mapping[str, ExtractedValue], inputs: Mapping[str, str]) -> list[Rule]:
        """Return the rules that an answer breaks. A rule that cannot be evaluated for it counts as broken."""
        if not self._conditions:
            return []
        values = {name: [_value(found[name], dtype)] for name, dtype in self._fields.items()}
        frame = pl.DataFrame(values, schema=self._fields)
        return [one.rule for one in self._conditions if _is_broken(one, frame, inputs)]

    def _read(self, rule: Rule, inputs: Sequence[str], place: str) -> _Condition:
        text = rule.rule
        condition = read_condition(text, place=place)
        names = list(dict.fromkeys(condition.meta.root_names()))
        known = [*self._fields, *inputs]
        if strange := [name for name in names if name not in known]:
            raise ConfigError(
                f"{place}: {strange[0]!r} is neither field nor input (rules see no members of lists and records). "
                f"Valid: {', '.join(known)}.{quote_remedy(text, strange[0])}"
            )
        used = tuple(name for name in names if name not in self._fields)
        check_categories(condition, self._fields, cells=self._cells, place=place)
        typed: dict[tuple[pl.DataType, ...], pl.Expr] = {}
        problem = ""
        for typing in itertools.product(_INPUT_TYPES, repeat=len(used)):
            schema = {**self._fields, **dict(zip(used, typing, strict=True))}
            shown = {name: [_INPUT_SAMPLES[kind]] for name, kind in zip(used, typing, strict=True)}
            try:
                dated = typed_condition(condition, schema, place=place)
            except ConfigError as error:  # a text that is no date; it may stand beside a text with another typing
                problem = problem or str(error)
                continue
            if found := _problem(dated, schema, [{**row, **shown} for row in self._samples]):
                problem = problem or f"{place}: {text!r} cannot be evaluated ({found})."
            else:
                typed[typing] = dated
        if not typed:
            raise ConfigError(problem)
        return _Condition(rule, used, typed)


def _problem(condition: pl.Expr, schema: Mapping[str, pl.DataType], rows: Sequence[Mapping[str, object]]) -> str:
    """Why a condition does not give one truth value per row, tried on sample rows; empty if it does."""
    for row in rows:
        try:
            answer = pl.DataFrame(row, schema=dict(schema)).select(condition)
        except (pl.exceptions.PolarsError, ValueError) as error:
            return str(error).splitlines()[0]
        if answer.dtypes != [pl.Boolean()]:
            return f"it gives {answer.dtypes[0]}, not true or false"
        if answer.height != 1:
            return "it gives several values for one document"
    return ""


def _sample(field: Field, size: int) -> object:
    """A sample value of a field; for a list, `size` items."""
    if isinstance(field, ListField):
        return [None if isinstance(field.items, ListField) else _sample(field.items, 0)] * size
    return None if isinstance(field, ObjectField) else field.rules_sample()


def _is_broken(one: _Condition, frame: pl.DataFrame, inputs: Mapping[str, str]) -> bool:
    texts = [inputs.get(name) or None for name in one.inputs]
    options = [[*dict.fromkeys((_looks_like(text), pl.String()))] if text else _INPUT_TYPES for text in texts]
    typing = next((kinds for kinds in itertools.product(*options) if kinds in one.typed), None)
    if typing is None:
        return True
    columns = [
        pl.lit(None if text is None else _as(text, kind), kind).alias(name)
        for name, text, kind in zip(one.inputs, texts, typing, strict=True)
    ]
    try:
        return frame.with_columns(columns).select(one.typed[typing]).item() is False
    except (pl.exceptions.PolarsError, ValueError):  # such as a failed cast; its message may quote the text
        return True


def _looks_like(text: str) -> pl.DataType:
    for kind in (pl.Date(), pl.Float64()):
        try:
            _as(text, kind)
        except ValueError:
            continue
        return kind
    return pl.String()


def _as(text: str, kind: pl.DataType) -> object:
    if isinstance(kind, pl.Date):
        if len(text) > 10 and text[10] not in " T":
            raise ValueError("no date or time")
        return datetime.date.fromisoformat(text[:10] if "-" in text[:10] else "")  # of a date with a time, the day
    return float(text) if isinstance(kind, pl.Float64) else text


def _dtype(field: Field) -> pl.DataType:
    """The type of a field in rules. They cannot see inside records and inner lists."""
    if isinstance(field, ListField):
        return pl.List(pl.Null() if isinstance(field.items, ListField) else _dtype(field.items))
    return pl.Null() if isinstance(field, ObjectField) else field.rules_type()


def _value(found: ExtractedValue, dtype: pl.DataType) -> Any:
    if isinstance(dtype, pl.List):
        return None if found.items is None else [item.value for item in found.items]
    return found.value
