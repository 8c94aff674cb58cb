"""Whole numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal, Self

import polars as pl
import pyarrow as pa
from pydantic import Field as Key
from pydantic import model_validator

from glane.task.comparison_rules import NumberRule, compare_key
from glane.task.kinds import numbers
from glane.task.kinds.field import AnswerError, Imported, NumericField
from glane.task.normalising import Normalise
from glane.task.wording import Wording
from glane.types import Language

# The largest integer of which a double, as which many readers parse a JSON number, is exact.
SAFE_INTEGER = 2**53 - 1


class IntegerField(NumericField):
    """A whole number between `minimum` and `maximum`, both included."""

    type: Literal["integer"] = "integer"
    minimum: int = Key(default=-SAFE_INTEGER, ge=-SAFE_INTEGER)
    maximum: int = Key(default=SAFE_INTEGER, le=SAFE_INTEGER)
    normalise: Normalise | None = None  # reads the value as it is written, or its quote, into a second column
    compare: NumberRule = compare_key(NumberRule())

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is above maximum {self.maximum}")
        return self

    def value_schema(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}

    def phrase(self, language: Language) -> str:
        """Default bounds are not shown, as the author did not write them."""
        given = self.model_fields_set
        low, high = ("minimum" in given and self.minimum), ("maximum" in given and self.maximum)
        bounds = numbers.bounds_phrase(language, None if low is False else low, None if high is False else high)
        return {"fr": "entier", "en": "integer"}[language] + bounds

    @classmethod
    def imported(cls, json_type: str, schema: Mapping[str, Any]) -> Imported | None:
        if json_type != "integer":
            return None
        bounds, notes = numbers.bounds_of(schema), []
        low = [math.ceil(bounds["minimum"])] if "minimum" in bounds else []
        low += [math.floor(bounds["above"]) + 1] if "above" in bounds else []
        high = [math.floor(bounds["maximum"])] if "maximum" in bounds else []
        high += [math.ceil(bounds["below"]) - 1] if "below" in bounds else []
        keys: dict[str, Any] = {"type": "integer"}
        if low and max(low) >= -SAFE_INTEGER:
            keys["minimum"] = max(low)
        if high and min(high) <= SAFE_INTEGER:
            keys["maximum"] = min(high)
        if (low and "minimum" not in keys) or (high and "maximum" not in keys):
            notes.append(f"a bound beyond ±{SAFE_INTEGER} is read as that")
        if schema.get("format"):
            notes.append(f"format {schema['format']!r} is not checked")
        used = frozenset({"format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
        return Imported(keys=keys, used=used, notes=notes)

    def read(self, value: Any, place: str) -> object:
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole:
            raise AnswerError(f"{place}: not a whole number")
        numbers.check_bounds(value, self.minimum, self.maximum, place)
        return int(value)

    def traces(self, value: Any) -> tuple[str | float, ...]:
        """The number; empty below 10: small numbers are in most documents."""
        return (value,) if abs(value) >= 10 else ()

    def shown_in(self, value: Any, precision: str | None, quote: Wording) -> bool | None:
        return quote.has_number(value, numbers.duration_units(self.description))

    def arrow_type(self, *, nested: bool) -> pa.DataType:
        return pa.int64()

    def word(self, language: Language) -> str:
        return {"fr": "entier", "en": "integer"}[language]

    def rules_type(self) -> pl.DataType:
        return pl.Int64()

    def rules_sample(self) -> object:
        return 1

    def same(self, gold: Any, found: Any) -> bool:
        return numbers.within(self.compare, gold, found)

    @property
    def is_equivalence(self) -> bool:
        return not self.compare.tolerance

    def rule_words(self) -> str:
        return numbers.tolerance_words(self.compare)

    def trends(self, column: pl.Expr) -> dict[str, pl.Expr]:
        return numbers.trends(column)

    def gold_column(self) -> str:
        return "Int64"

    def takes_column(self, kind: pl.DataType) -> bool:
        return kind.is_numeric()

    def is_gold(self, value: Any) -> bool:
        return isinstance(value, int) or float(value).is_integer()

    def gold_complaint(self) -> str:
        return "is no whole number"

    def gold_value(self, raw: Any, precision: str | None) -> Any:
        return int(raw)
