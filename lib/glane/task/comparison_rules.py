"""The key `compare` of a field: when an evaluation counts two values as the same."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field as Key
from pydantic import field_validator, model_validator

from glane.validation import Strict


class ExactRule(Strict):
    """Booleans and categories: equal."""

    rule: Literal["exact"] = "exact"

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, values: Any) -> Any:
        """`compare: exact` is short for `compare: {rule: exact}`."""
        if not isinstance(values, str | Mapping):
            raise ValueError(f"a rule is a name or a mapping of {', '.join(cls.model_fields)}")
        return {"rule": values} if isinstance(values, str) else values


class TextRule(ExactRule):
    """Strings: equal (`exact`), equal except for case, accents and spaces (`folded`), or similar (`fuzzy`).

    `similarity` is the least score of similar strings, 0 to 100.
    """

    rule: Literal["exact", "folded", "fuzzy"] = "folded"  # type: ignore[assignment]
    similarity: float = Key(default=90.0, ge=50, le=100)  # RapidFuzz's ratio of the folded strings

    @model_validator(mode="before")
    @classmethod
    def _similar(cls, values: Any) -> Any:
        """A similarity without a rule means the fuzzy rule."""
        if isinstance(values, Mapping) and "similarity" in values:
            if values.get("rule", "fuzzy") != "fuzzy":
                raise ValueError(f"similarity belongs to the rule fuzzy, not to {values['rule']}")
            return {**values, "rule": "fuzzy"}
        return values


class NumberRule(ExactRule):
    """Numbers: at most `tolerance` apart, absolute (0.5) or relative to the right value ("5%")."""

    tolerance: float | str = 0.0

    @field_validator("tolerance")
    @classmethod
    def _not_negative(cls, value: float | str) -> float | str:
        is_share = isinstance(value, str) and re.fullmatch(r"\d+(\.\d+)?\s*%", value)
        if not is_share and not (isinstance(value, float) and 0 <= value < math.inf):
            raise ValueError("a number that is not negative, or a share of the right value as 5%")
        return value


class DateRule(ExactRule):
    """Dates: at most `tolerance_days` apart. Partial dates must also have the same precision."""

    tolerance_days: int = Key(default=0, ge=0, le=36_600)


class TimeRule(ExactRule):
    """Times of day, and dates with a time: at most `tolerance_minutes` apart."""

    tolerance_minutes: float = Key(default=0.0, ge=0, le=527_040)  # a year


def compare_key(rule: ExactRule) -> Any:
    """The key `compare`, excluded from `model_dump`: it changes no answer, so it must not change a fingerprint."""
    return Key(default=rule, exclude=True)
