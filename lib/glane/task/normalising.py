"""How a field asks for its values in one form: relative dates as days, quantities in one unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field as Key
from pydantic import model_validator

from glane.validation import Strict


class Normalise(Strict):
    """What is read from a text as it is written. See docs/lookups.md."""

    to: Literal["date", "quantity"]
    relative_to: str | None = None  # a field or input with the date from which "hier" and "il y a 3 jours" count
    direction: Literal["past", "future"] | None = None  # of a weekday, or a day without a year, that does not tell it
    day_first: bool | None = None  # of 03/05/2024; by default true in French, and unknown in English
    unit: str | None = Key(default=None, min_length=1)  # in which quantities are given; by default the one of the text

    @model_validator(mode="before")
    @classmethod
    def _shorthands(cls, values: Any) -> Any:
        """`normalise: date`, and `{unit: h}` or `{relative_to: visit_date}` without `to`."""
        if isinstance(values, str):
            return {"to": values}
        if isinstance(values, Mapping) and "to" not in values:
            is_quantity = "unit" in values
            return {"to": "quantity" if is_quantity else "date", **values} if values else values
        return values

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.to == "date" and self.unit is not None:
            raise ValueError("unit is of quantities: leave it out, or set to: quantity")
        if self.to == "quantity" and (self.relative_to or self.direction or self.day_first is not None):
            raise ValueError("relative_to, direction and day_first are of dates: leave them out, or set to: date")
        return self
