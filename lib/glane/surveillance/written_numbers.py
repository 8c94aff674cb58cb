"""Numbers of a surveillance table as its page writes them."""

from __future__ import annotations

from dataclasses import dataclass

from glane.assess.pages.page import decimal
from glane.assess.rounding import MOST_DIGITS, count_digits, downwards, rate_digits, upwards
from glane.types import Language


@dataclass(frozen=True, slots=True)
class WrittenNumbers:
    """How counts, rates and their intervals are written in one language; a dash stands for none."""

    language: Language

    def count(self, value: float | None) -> str:
        """A count, as a whole number."""
        return decimal(value, self.language, digits=0)

    def corrected(self, value: float | None) -> str:
        """A corrected count, with the decimals that a small one needs."""
        return decimal(value, self.language, digits=count_digits(value))

    def rate(self, value: float | None) -> str:
        """A rate, with the decimals that a small one needs."""
        return decimal(value, self.language, digits=rate_digits(value))

    def bound(self, bound: float, count: float) -> str:
        """A bound, with as many decimals as tell on which side of it a count lies."""
        for digits in range(1, MOST_DIGITS):
            shown = round(bound, digits)
            if (shown < count, shown > count) == (bound < count, bound > count):
                return decimal(bound, self.language, digits=digits)
        return decimal(bound, self.language, digits=MOST_DIGITS)

    def between(self, low: float | None, high: float | None) -> str:
        """An interval of a rate, rounded outwards."""
        if low is None or high is None:
            return "–"
        down, up = downwards(low, rate_digits(low)), upwards(high, rate_digits(high))
        return f"{decimal(down, self.language, digits=rate_digits(low))} – " + decimal(
            up, self.language, digits=rate_digits(high)
        )

    def tick(self, value: float) -> str:
        """A mark of an axis, or what rates are of."""
        digits = 0 if float(value).is_integer() else 1
        return decimal(value, self.language, digits=digits)
