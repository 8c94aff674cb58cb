"""The figures of a table: counts and rates with their limits, of the rows of every margin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from glane.assess.estimate.pooled import limits
from glane.settings.table import DOCUMENTS
from glane.surveillance.cells import ROW, Cells, Margin
from glane.surveillance.denominators import Populations
from glane.surveillance.dimensions import AGE, Key
from glane.surveillance.rates import rate_limits

Floats = NDArray[np.float64]
ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """What rates are made with."""

    per: float
    populations: Populations | None  # None: the documents of each row
    standard: Floats | None  # the share of each class of age, without that of an unknown age


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is told of the rows of a table."""

    cells: Cells
    domains: Mapping[str, list[Key]]  # all values of each key
    level: float
    rating: Rating | None

    def of(self, keys: tuple[str, ...]) -> pl.DataFrame:
        """The rows by these keys: counts, what a review makes of them, and rates."""
        margin = self.cells.margin(keys, self.domains)
        rows = margin.rows.drop(ROW).with_columns(pl.lit(" × ".join(keys) or ALL).alias("margin"))
        variance = np.zeros(rows.height)
        if margin.estimate is not None and margin.draws is not None:
            low, high = np.zeros(rows.height), np.zeros(rows.height)
            there = margin.draws.rows
            low[there], high[there] = limits(margin.draws.values, margin.estimate[there], self.level)
            variance[there] = margin.draws.values.var(axis=0)
            told = {"estimate": margin.estimate, "low": low, "high": high}
            rows = rows.with_columns(pl.Series(name, values) for name, values in told.items())
        if self.rating is None:
            return rows
        rows = self._with_rates(rows, margin, keys, variance, self.rating)
        if self.rating.standard is None or AGE in keys:
            return rows
        return rows.with_columns(self._standardised(keys, rows.height, self.rating, self.rating.standard))

    def _with_rates(
        self, rows: pl.DataFrame, margin: Margin, keys: Sequence[str], variance: Floats, rating: Rating
    ) -> pl.DataFrame:
        people = _people(rating, keys, rows)
        weight = rating.per / people
        model = rows["model"].to_numpy().astype(np.float64)
        told = [pl.Series("denominator", people).fill_nan(None)]
        told += _rates("model_rate", model * weight, model * weight**2, weight, self.level)
        if margin.estimate is not None and self.cells.corrected is not None:
            spread = variance + self.cells.corrected.effect * margin.estimate
            told += _rates("rate", margin.estimate * weight, spread * weight**2, weight, self.level)
        return rows.with_columns(told)

    def _standardised(self, keys: tuple[str, ...], num: int, rating: Rating, standard: Floats) -> list[pl.Series]:
        """Rates as if ages were spread as in the standard population: documents without an age have no part in them."""
        classes: list[Key] = [low for low in self.domains[AGE] if low is not None]
        by_age = self.cells.margin((*keys, AGE), {**self.domains, AGE: classes})
        shape = (num, len(classes))
        weights = rating.per * standard / _people(rating, (*keys, AGE), by_age.rows).reshape(shape)
        model = by_age.rows["model"].to_numpy().astype(np.float64).reshape(shape)
        told = _of_classes("standardised_model_rate", model, np.zeros(num), weights, self.level)
        if by_age.estimate is None or by_age.draws is None or self.cells.corrected is None:
            return told
        draws = np.zeros((len(by_age.draws.values), len(by_age.estimate)))
        draws[:, by_age.draws.rows] = by_age.draws.values
        unknown = np.einsum("dra,ra->dr", draws.reshape(-1, *shape), np.nan_to_num(weights)).var(axis=0)
        effect = self.cells.corrected.effect
        counts = by_age.estimate.reshape(shape)
        return told + _of_classes("standardised_rate", counts, unknown, weights, self.level, effect=effect)


def _people(rating: Rating, keys: Sequence[str], rows: pl.DataFrame) -> Floats:
    """The denominator of each row; not a number where there is none, or nobody."""
    found = rows[DOCUMENTS] if rating.populations is None else rating.populations.of(keys, rows)
    people = found.cast(pl.Float64).fill_null(0).to_numpy()
    return np.where(people > 0, people, np.nan)


def _of_classes(
    name: str, counts: Floats, unknown: Floats, weights: Floats, level: float, *, effect: float = 1.0
) -> list[pl.Series]:
    """Standardised rates of counts (rows, classes); null where a class has no population.

    `unknown` is the variance of what the correction does not know, (rows,).
    """
    variance = effect * (counts * weights**2).sum(axis=1) + unknown
    return _rates(name, (counts * weights).sum(axis=1), variance, weights.max(axis=1), level)


def _rates(name: str, rate: Floats, variance: Floats, most: Floats, level: float) -> list[pl.Series]:
    """Rates and their limits as columns; null where there is no population."""
    low, high = rate_limits(rate, variance, most, level=level)
    found = {name: rate, f"{name}_low": low, f"{name}_high": high}
    return [pl.Series(key, values).fill_nan(None) for key, values in found.items()]
