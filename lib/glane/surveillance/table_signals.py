"""The signals of a surveillance table: in the series of all, and of each place or group that is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl

from glane.settings.table import SignalSettings, TableDefinition
from glane.surveillance.cells import Cells, Margin
from glane.surveillance.dimensions import PERIOD, Key
from glane.surveillance.periods import Calendar
from glane.surveillance.signals.series import Series, signals_of


def table_signals(
    rows: pl.DataFrame, cells: Cells, definition: TableDefinition, domains: Mapping[str, list[Key]]
) -> pl.DataFrame | None:
    """A row for each series, method and period; None where no signals are asked for.

    Args:
        rows: Of the table, with the periods that are incomplete.
        cells: What they were summed from.
        definition: Of the table.
        domains: All values of each key.
    """
    settings = definition.signals
    if settings is None or definition.time is None:
        return None
    incomplete = rows.filter(pl.col("incomplete"))[PERIOD].drop_nulls().unique().to_list()
    of_all = rows.filter((pl.col("margin") == PERIOD) & pl.col(PERIOD).is_not_null())
    silent = of_all.filter(pl.col("documents") + pl.col("failed") == 0)[PERIOD].to_list()
    parts = [
        part
        for keys, margin in _margins(cells, settings, domains)
        for part in signals_of(_series(keys, margin, incomplete, silent), settings)
    ]
    if not parts:
        return None
    told = pl.concat(parts, how="diagonal_relaxed")
    keys = [key for key in settings.by if key in told.columns]
    calendar = Calendar.of(definition.time)
    names = {one: calendar.name(one, "en") for one in told[PERIOD].unique()}
    name = pl.col(PERIOD).replace_strict(names, return_dtype=pl.String).alias("period_name")
    return told.select("method", *keys, PERIOD, name, pl.exclude("method", *keys, PERIOD))


def _margins(
    cells: Cells, settings: SignalSettings, domains: Mapping[str, list[Key]]
) -> Iterator[tuple[dict[str, Key], Margin]]:
    """The counts by period of all, and of each value that a document came from; none where no document has a date."""
    periods: dict[str, list[Key]] = {PERIOD: [one for one in domains[PERIOD] if one is not None]}
    of_all = cells.margin((PERIOD,), periods)
    if (of_all.rows["documents"] + of_all.rows["failed"]).sum():
        yield {}, of_all
    for key in settings.by:
        for value in (one for one in domains[key] if one is not None):
            margin = cells.margin((PERIOD, key), {**periods, key: [value]})
            if margin.rows["documents"].sum():
                yield {key: value}, margin


def _series(keys: Mapping[str, Key], margin: Margin, incomplete: list[object], silent: list[object]) -> Series:
    """A series; nothing is known of periods before its first document and after its last, nor where nobody reported."""
    there = np.flatnonzero((margin.rows["documents"] + margin.rows["failed"]).to_numpy() > 0)
    places = np.arange(margin.rows.height)
    is_silent = margin.rows[PERIOD].is_in(silent).to_numpy() | (places < there.min()) | (places > there.max())
    draws = None
    if margin.draws is not None:
        draws = np.zeros((len(margin.draws.values), margin.rows.height))
        draws[:, margin.draws.rows] = margin.draws.values
    return Series(
        keys=keys, periods=margin.rows[PERIOD].to_list(), counts=margin.rows["model"].to_numpy().astype(np.float64),
        is_incomplete=margin.rows[PERIOD].is_in(incomplete).to_numpy(), is_silent=is_silent, draws=draws,
    )  # fmt: skip
