"""The figures of a table: counts and rates with their limits, of the rows of every margin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.sparse import csr_array

from glane.assess.estimate.pooled import limits
from glane.settings.table import DOCUMENTS
from glane.surveillance.cells import COUNTS, ROW, Cells, Draws, Margin
from glane.surveillance.denominators import Populations
from glane.surveillance.dimensions import AGE, PLACE, Key
from glane.surveillance.rates import mixed_limits, rate_limits

Floats = NDArray[np.float64]
ALL = "all"
REASON, NO_DOCUMENT = "reason", "no_document"  # why a row has no figure but its counts of 0
_TOGETHER = 500  # rows whose limits are drawn at once


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
    silent: Sequence[str] = ()  # places from which no document came: nothing is known of them

    def of(self, keys: tuple[str, ...]) -> pl.DataFrame:
        """The rows by these keys: counts, what a review makes of them, and rates."""
        margin = self.cells.margin(keys, self.domains)
        rows = margin.rows.drop(ROW).with_columns(pl.lit(" × ".join(keys) or ALL).alias("margin"))
        if margin.estimate is not None and margin.draws is not None:
            low, high = self._limits(margin, margin.draws, margin.estimate)
            told = {"estimate": margin.estimate, "low": low, "high": high}
            rows = rows.with_columns(pl.Series(name, values) for name, values in told.items())
        return self._without_silent(self._rated(keys, rows, margin), keys)

    def _limits(self, margin: Margin, draws: Draws, estimate: Floats) -> tuple[Floats, Floats]:
        """The limits of counts: of a row with all documents those of the total, however finely the table is cut."""
        low, high = np.zeros(len(estimate)), np.zeros(len(estimate))
        low[draws.rows], high[draws.rows] = limits(draws.values, estimate[draws.rows], self.level)
        total = None if self.cells.corrected is None else self.cells.corrected.total
        if total is not None:
            is_whole = (margin.rows["documents"] == self.cells.table["documents"].sum()).to_numpy() & (high > 0)
            low[is_whole], high[is_whole] = total.low, total.high
        return low, high

    def _without_silent(self, rows: pl.DataFrame, keys: tuple[str, ...]) -> pl.DataFrame:
        """The rows, without a corrected count or a rate of places from which no document came, and with the reason."""
        if PLACE not in self.domains:
            return rows
        is_of_place = PLACE in keys and len(self.silent) > 0
        is_silent = pl.col(PLACE).is_in(list(self.silent)).fill_null(False) if is_of_place else pl.lit(False)
        figures = [name for name in rows.columns if name not in (*keys, *COUNTS, "margin", "denominator")]
        return rows.with_columns(
            *(pl.when(~is_silent).then(pl.col(name)).alias(name) for name in figures),
            pl.when(is_silent).then(pl.lit(NO_DOCUMENT)).alias(REASON),
        )

    def _rated(self, keys: tuple[str, ...], rows: pl.DataFrame, margin: Margin) -> pl.DataFrame:
        """The rows with their rates, where there is a denominator."""
        if self.rating is None:
            return rows
        people = _people(self.rating, keys, rows)
        rows = rows.with_columns(pl.Series("denominator", people).fill_nan(None))
        rows = rows.with_columns(self._rates("", margin, (self.rating.per / people)[:, None]))
        if self.rating.standard is None or AGE in keys:
            return rows
        return rows.with_columns(self._standardised(keys, rows.height, self.rating, self.rating.standard))

    def _standardised(self, keys: tuple[str, ...], num: int, rating: Rating, standard: Floats) -> list[pl.Series]:
        """Rates as if ages were spread as in the standard population: documents without an age have no part in them."""
        classes: list[Key] = [low for low in self.domains[AGE] if low is not None]
        by_age = self.cells.margin((*keys, AGE), {**self.domains, AGE: classes})
        sizes = _people(rating, (*keys, AGE), by_age.rows).reshape(num, len(classes))
        return self._rates("standardised_", by_age, rating.per * standard / sizes)

    def _rates(self, prefix: str, margin: Margin, weights: Floats) -> list[pl.Series]:
        """The rates of rows that are each a weighted sum of rows of a margin, with weights (rows, parts)."""
        model = margin.rows["model"].to_numpy().astype(np.float64).reshape(weights.shape)
        most = weights.max(axis=1)
        low, high = rate_limits((model * weights).sum(axis=1), (model * weights**2).sum(axis=1), most, level=self.level)
        told = _told(f"{prefix}model_rate", (model * weights).sum(axis=1), low, high, self._bound)
        if margin.estimate is None or margin.draws is None or self.cells.corrected is None:
            return told
        effect = self.cells.corrected.effect
        estimate = margin.estimate.reshape(weights.shape)
        rate = (estimate * weights).sum(axis=1)
        low, high = rate_limits(rate, effect * (estimate * weights**2).sum(axis=1), effect * most, level=self.level)
        self._mix(low, high, margin.draws, weights, effect)
        return told + _told(f"{prefix}rate", rate, np.minimum(low, rate), np.maximum(high, rate), self._bound)

    def _mix(self, low: Floats, high: Floats, draws: Draws, weights: Floats, effect: float) -> None:
        """Set the limits of those rows whose counts are drawn, and vary."""
        parts = weights.shape[1]
        of_row = draws.rows // parts
        rng, flat = np.random.default_rng(0), weights.ravel()
        for rows in np.array_split(np.unique(of_row), max(1, len(of_row) // _TOGETHER)):
            chosen = np.flatnonzero(np.isin(of_row, rows) & np.isfinite(flat[draws.rows]))
            if not len(chosen):
                continue
            places, column = np.unique(of_row[chosen], return_inverse=True)
            shape = (len(chosen), len(places))
            weight, at = flat[draws.rows[chosen]], (np.arange(len(chosen)), column)
            values = draws.values[:, chosen]
            mean, variance = (
                values @ csr_array((weight, at), shape),
                effect * (values @ csr_array((weight**2, at), shape)),
            )
            varied = np.flatnonzero(mean.var(axis=0) > 0)
            found = mixed_limits(
                mean[:, varied],
                variance[:, varied],
                effect * weights[places[varied]].max(axis=1),
                level=self.level,
                rng=rng,
            )
            low[places[varied]], high[places[varied]] = found

    @property
    def _bound(self) -> float:
        """What a rate cannot exceed: of documents, all of them."""
        return self.rating.per if self.rating is not None and self.rating.populations is None else np.inf


def _people(rating: Rating, keys: Sequence[str], rows: pl.DataFrame) -> Floats:
    """The denominator of each row; not a number where there is none, or nobody."""
    found = rows[DOCUMENTS] if rating.populations is None else rating.populations.of(keys, rows)
    people = found.cast(pl.Float64).fill_null(0).to_numpy()
    return np.where(people > 0, people, np.nan)


def _told(name: str, rate: Floats, low: Floats, high: Floats, bound: float) -> list[pl.Series]:
    """Rates and their limits as columns; null where there is no population."""
    found = {name: rate, f"{name}_low": low, f"{name}_high": np.minimum(high, np.maximum(bound, rate))}
    return [pl.Series(key, values).fill_nan(None) for key, values in found.items()]
