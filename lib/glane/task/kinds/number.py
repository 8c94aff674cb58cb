"""Decimal numbers."""

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

_EQUAL_SLACK = 1e-9  # relative tolerance at which two decimals are equal
_ABOVE = {"fr": "supérieur à", "en": "above"}
_BELOW = {"fr": "inférieur à", "en": "below"}


class NumberField(NumericField):
    """A decimal number between `minimum` and `maximum`, both included, or strictly `above` and `below` a bound."""

    type: Literal["number"] = "number"
    minimum: float | None = Key(default=None, allow_inf_nan=False)
    maximum: float | None = Key(default=None, allow_inf_nan=False)
    above: float | None = Key(default=None, allow_inf_nan=False)
    below: float | None = Key(default=None, allow_inf_nan=False)
    normalise: Normalise | None = None  # reads the value as it is written, or its quote, into a second column
    compare: NumberRule = compare_key(NumberRule())

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"minimum {self.minimum} is above maximum {self.maximum}")
        low, high = self._ends()
        if low >= high and not (low == high and self.above is None and self.below is None):
            raise ValueError(f"no number is above {low:g} and below {high:g}")
        return self

    def _ends(self) -> tuple[float, float]:
        low = [bound for bound in (self.minimum, self.above) if bound is not None]
        high = [bound for bound in (self.maximum, self.below) if bound is not None]
        return max(low, default=-math.inf), min(high, default=math.inf)

    def value_schema(self) -> dict[str, Any]:
        bounds = {"minimum": self.minimum, "maximum": self.maximum}
        bounds |= {"exclusiveMinimum": self.above, "exclusiveMaximum": self.below}
        return {"type": "number"} | {key: bound for key, bound in bounds.items() if bound is not None}

    def phrase(self, language: Language) -> str:
        bounds = numbers.bounds_phrase(language, self.minimum, self.maximum)
        beyond = ((_ABOVE, self.above), (_BELOW, self.below))
        strict = [f" {words[language]} {bound:.15g}" for words, bound in beyond if bound is not None]
        return "".join([{"fr": "nombre", "en": "number"}[language], bounds, *strict])

    @classmethod
    def imported(cls, json_type: str, schema: Mapping[str, Any]) -> Imported | None:
        if json_type != "number":
            return None
        bounds = numbers.bounds_of(schema)
        keys: dict[str, Any] = {"type": "number", **bounds}
        notes = [f"format {schema['format']!r} is not checked"] if schema.get("format") else []
        used = frozenset({"format", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
        return Imported(keys=keys, used=used, notes=notes)

    def read(self, value: Any, place: str) -> object:
        try:
            number = math.nan if isinstance(value, bool) or not isinstance(value, int | float) else float(value)
        except OverflowError:  # hundreds of digits, as models may repeat themselves
            number = math.inf
        if not math.isfinite(number):
            raise AnswerError(f"{place}: not a number")
        numbers.check_bounds(number, self.minimum, self.maximum, place)
        if self.above is not None and number <= self.above:
            raise AnswerError(f"{place}: not above {self.above}")
        if self.below is not None and number >= self.below:
            raise AnswerError(f"{place}: not below {self.below}")
        return number

    def traces(self, value: Any) -> tuple[str | float, ...]:
        """The number; empty below 10: small numbers are in most documents."""
        return (value,) if abs(value) >= 10 else ()

    def shown_in(self, value: Any, precision: str | None, quote: Wording) -> bool | None:
        return quote.has_number(value, numbers.duration_units(self.description))

    def arrow_type(self, *, nested: bool) -> pa.DataType:
        return pa.float64()

    def word(self, language: Language) -> str:
        return {"fr": "nombre", "en": "number"}[language]

    def rules_type(self) -> pl.DataType:
        return pl.Float64()

    def rules_sample(self) -> object:
        return 1.5

    def same(self, gold: Any, found: Any) -> bool:
        return numbers.within(self.compare, gold, found, equal_slack=_EQUAL_SLACK)

    def rule_words(self) -> str:
        return numbers.tolerance_words(self.compare)

    def trends(self, column: pl.Expr) -> dict[str, pl.Expr]:
        return numbers.trends(column)

    def gold_column(self) -> str:
        return "Float64"

    def takes_column(self, kind: pl.DataType) -> bool:
        return kind.is_numeric()

    def gold_value(self, raw: Any, precision: str | None) -> Any:
        return float(raw)
