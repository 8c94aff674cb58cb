"""Rules between fields, written by the author of a task as SQL conditions: `onset_date <= visit_date`.

A rule is fulfilled when it is true or, because something it needs is null, unknown. An answer that breaks one is asked
again; if the rule stays broken, the row says so (`flag`: figures that a document itself gives wrongly are worth having)
or loses its values (`reject`: an answer that contradicts itself).
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

from glane.errors import ConfigError
from glane.task.fields import Field, ListField, ObjectField
from glane.types import ExtractedValue
from glane.validation import Strict

# Inputs reach a task as text. In a rule each is what it looks like, if the rule can use that; else it stays text.
_INPUT_TYPES: tuple[pl.DataType, ...] = (pl.Date(), pl.Float64(), pl.String())
_INPUT_SAMPLES: Mapping[pl.DataType, object] = {
    pl.Date(): datetime.date(2000, 1, 1),
    pl.Float64(): 1.5,
    pl.String(): "a",
}


class Rule(Strict):
    """One rule, and what becomes of a row that breaks it."""

    rule: str = Key(min_length=1)
    if_broken: Literal["flag", "reject"] = "flag"

    @model_validator(mode="before")
    @classmethod
    def _by_text(cls, values: Any) -> Any:
        """A rule may be written as its condition alone."""
        return {"rule": values} if isinstance(values, str) else values


@dataclass(frozen=True, slots=True)
class _Condition:
    rule: Rule
    condition: pl.Expr
    inputs: tuple[str, ...]  # those that it speaks of
    typings: frozenset[tuple[pl.DataType, ...]]  # of these inputs, those under which it can be evaluated


class Rules:
    """The rules of a task, ready to be asked about one answer after the other."""

    def __init__(self, rules: Sequence[Rule], fields: Mapping[str, Field], inputs: Sequence[str]) -> None:
        """Read the rules.

        Raises:
            ConfigError: for a rule that is no SQL condition on the task's fields and inputs.
        """
        self._fields = {name: _dtype(field) for name, field in fields.items()}
        self._samples = [{name: [_sample(field, size)] for name, field in fields.items()} for size in (0, 2)]
        self._conditions = [self._read(rule, inputs, f"task.rules[{i}]") for i, rule in enumerate(rules)]

    def broken(self, found: Mapping[str, ExtractedValue], inputs: Mapping[str, str]) -> list[Rule]:
        """Return the rules that an answer breaks; one that cannot be evaluated for it is broken, too."""
        if not self._conditions:
            return []
        values = {name: [_value(found[name], dtype)] for name, dtype in self._fields.items()}
        frame = pl.DataFrame(values, schema=self._fields)
        return [one.rule for one in self._conditions if _is_broken(one, frame, inputs)]

    def _read(self, rule: Rule, inputs: Sequence[str], place: str) -> _Condition:
        text = rule.rule
        try:
            condition = pl.sql_expr(text)
            names = list(dict.fromkeys(condition.meta.root_names()))
        except (pl.exceptions.PolarsError, ValueError) as error:
            raise ConfigError(f"{place}: {text!r} is no SQL condition ({error}).") from None
        known = [*self._fields, *inputs]
        if strange := [name for name in names if name not in known]:
            raise ConfigError(
                f"{place}: {strange[0]!r} is neither field nor input (rules see no members of lists and records). "
                f"Valid: {', '.join(known)}."
            )
        used = tuple(name for name in names if name not in self._fields)
        typings, problem = set(), ""
        for typing in itertools.product(_INPUT_TYPES, repeat=len(used)):
            schema = {**self._fields, **dict(zip(used, typing, strict=True))}
            shown = {name: [_INPUT_SAMPLES[kind]] for name, kind in zip(used, typing, strict=True)}
            if found := _problem(condition, schema, [{**row, **shown} for row in self._samples]):
                problem = problem or found
            else:
                typings.add(typing)
        if not typings:
            raise ConfigError(f"{place}: {text!r} cannot be evaluated ({problem}).")
        return _Condition(rule, condition, used, frozenset(typings))


def _problem(condition: pl.Expr, schema: Mapping[str, pl.DataType], rows: Sequence[Mapping[str, object]]) -> str:
    """What keeps a condition from giving one truth value for a row, tried on rows of samples; empty if nothing does."""
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
    """A value of a field; of a list, one of this many items."""
    if isinstance(field, ListField):
        return [None if isinstance(field.items, ListField) else _sample(field.items, 0)] * size
    return None if isinstance(field, ObjectField) else field.rules_sample()


def _is_broken(one: _Condition, frame: pl.DataFrame, inputs: Mapping[str, str]) -> bool:
    texts = [inputs.get(name) or None for name in one.inputs]
    options = [[*dict.fromkeys((_looks_like(text), pl.String()))] if text else _INPUT_TYPES for text in texts]
    typing = next((kinds for kinds in itertools.product(*options) if kinds in one.typings), None)
    if typing is None:
        return True
    columns = [
        pl.lit(None if text is None else _as(text, kind), kind).alias(name)
        for name, text, kind in zip(one.inputs, texts, typing, strict=True)
    ]
    try:
        return frame.with_columns(columns).select(one.condition).item() is False
    except (pl.exceptions.PolarsError, ValueError):  # a cast that fails, say; the message may quote the document
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
        return datetime.date.fromisoformat(text[:10] if "-" in text[:10] else "")  # of a time, its day
    return float(text) if isinstance(kind, pl.Float64) else text


def _dtype(field: Field) -> pl.DataType:
    """Rules see no members of records and of inner lists."""
    if isinstance(field, ListField):
        return pl.List(pl.Null() if isinstance(field.items, ListField) else _dtype(field.items))
    return pl.Null() if isinstance(field, ObjectField) else field.rules_type()


def _value(found: ExtractedValue, dtype: pl.DataType) -> Any:
    if isinstance(dtype, pl.List):
        return None if found.items is None else [item.value for item in found.items]
    return found.value
