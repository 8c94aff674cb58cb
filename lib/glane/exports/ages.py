"""Ages above the oldest that may leave, in columns that are named as ages: they become one more, as in texts."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import polars as pl

from glane.exports.bundle import Table, Variable
from glane.exports.treatment import is_value
from glane.exports.words import SENTENCES
from glane.pseudonyms.words import folded
from glane.task.units import DAYS_A_YEAR
from glane.types import NORMALISED, Language

_A_YEAR = {  # of a unit, by the words of a column's name and by the units of what is normalised
    12.0: ("mois", "month", "months", "mo"),
    DAYS_A_YEAR / 7: ("semaine", "semaines", "week", "weeks", "wk"),
    DAYS_A_YEAR: ("jour", "jours", "day", "days", "d"),
    24 * DAYS_A_YEAR: ("heure", "heures", "hour", "hours", "h"),
    1440 * DAYS_A_YEAR: ("minute", "minutes", "min"),
}
_UNITS = {word: factor for factor, words in _A_YEAR.items() for word in words}
_OLDEST = 131  # years: what is more is no age
_NUMBER = re.compile(r"(?<![\w.,/:-])\d{2,6}(?:[.,]\d+)?(?![\w/:-])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """The columns of ages of an export, of which values above `oldest` years become one more."""

    oldest: int
    language: Language

    def is_age(self, one: Variable) -> bool:
        """Whether a column is named as an age, and holds numbers or texts."""
        is_said = one.kind in ("integer", "number", "text") and (is_value(one) or one.source.endswith("__conflicts"))
        stem, _, derived = one.source.partition("__")
        is_quantity = not derived.startswith(f"{NORMALISED}.") or derived.endswith((".low", ".high"))
        return is_said and is_quantity and not {"age", "ages"}.isdisjoint(_words(stem))

    def capped(self, one: Variable, table: Table, rows: pl.DataFrame) -> tuple[Variable, pl.Series]:
        """A column of ages, and what it is then."""
        column = rows[one.name]
        if one.kind == "text":
            capped = self._in_text(self._most(one))
            new = pl.Series([None if text is None else capped(text) for text in column], dtype=pl.String)
        else:
            new = rows.select(self._of_numbers(one, table, column.dtype)).to_series()
        said = SENTENCES[self.language]["oldest"].format(self.oldest, self.oldest + 1)
        bounds = (None if end is None else min(end, self._most(one)) for end in (one.minimum, one.maximum))
        minimum, maximum = bounds
        described = f"{one.description} {said}".strip()
        return replace(one, description=described, minimum=minimum, maximum=maximum), new.alias(one.name)

    def _of_numbers(self, one: Variable, table: Table, kind: pl.DataType) -> pl.Expr:
        stem, is_normalised, _ = one.source.partition(f"__{NORMALISED}.")
        unit = table.variable(f"{stem}__{NORMALISED}.unit") if is_normalised else None
        most = pl.lit(self._most(one))
        if unit is not None:  # what is no time has no age
            factors = {"y": 1.0, **{name: _UNITS[name] for name in ("mo", "wk", "d", "h", "min")}}
            factor = pl.col(unit.name).replace_strict(factors, default=None, return_dtype=pl.Float64)
            most = ((self.oldest + 1) * factor).floor()
        value = pl.col(one.name)
        return pl.when(value > most).then(most.cast(kind)).otherwise(value)

    def _most(self, one: Variable) -> float:
        """The highest value of a column, in whole units: years, unless its name has another unit."""
        factor = next((_UNITS[word] for word in _words(one.source) if word in _UNITS), 1.0)
        return float(int((self.oldest + 1) * factor))

    def _in_text(self, most: float) -> Callable[[str], str]:
        highest = most * _OLDEST / (self.oldest + 1)

        def capped(found: re.Match[str]) -> str:
            return f"{most:g}" if most < float(found[0].replace(",", ".")) <= highest else found[0]

        return lambda text: _NUMBER.sub(capped, text)


def _words(source: str) -> list[str]:
    """The words of a name: patient_age, ageJours, âge (mois)."""
    parted = re.sub(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Ý])", "_", source)
    return [word for word in re.split(r"[^a-z]+", folded(parted)) if word]
