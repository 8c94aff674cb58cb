"""The populations that rates are of: the run's own documents, or those of a file."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

import polars as pl

from glane.errors import DataError, did_you_mean
from glane.settings.table import Level
from glane.surveillance.dimensions import AGE, PERIOD, PLACE, Key
from glane.surveillance.places import as_places

POPULATION, YEAR = "population", "year"


class Populations:
    """A table of populations by some of a table's keys.

    A population by year or by period is taken as that of each period; over several periods it is their mean, and the
    rate that of all of them together. Over places, classes of age and groups populations add up.
    """

    def __init__(self, table: pl.DataFrame, keys: Sequence[str]) -> None:
        self._table = table
        self._keys = tuple(keys)

    def of(self, margin: Sequence[str], cells: pl.DataFrame) -> pl.Series:
        """The population of each row of a margin of the table; null where a key is not known.

        Args:
            margin: The keys of the rows.
            cells: Their values.
        """
        own = [key for key in self._keys if key in margin or key in (PERIOD, YEAR)]
        spread = [key for key in own if key in (PERIOD, YEAR)]
        summed = self._table.group_by(own).agg(pl.col(POPULATION).sum()) if own else None
        if summed is None:
            return pl.Series(POPULATION, [self._table[POPULATION].sum()] * cells.height, pl.Float64)
        rows = cells
        if YEAR in own and PERIOD in margin:
            rows = rows.with_columns(pl.col(PERIOD).dt.year().cast(pl.Int64).alias(YEAR))
        elif spread and PERIOD not in margin:
            own = [key for key in own if key not in spread]
            summed = summed.group_by(own).agg(pl.col(POPULATION).mean()) if own else None
            if summed is None:
                by_time = self._table.group_by(spread).agg(pl.col(POPULATION).sum())
                return pl.Series(POPULATION, [by_time[POPULATION].mean()] * cells.height, pl.Float64)
        return rows.join(summed, on=own, how="left", maintain_order="left")[POPULATION]


def populations(
    table: pl.DataFrame,
    domains: Mapping[str, list[Key]],
    *,
    level: Level | None,
    file: str,
) -> Populations:
    """Read a table of populations, and check that it has one for all that a table has rows of.

    Args:
        table: Columns `population`, and of the table's keys those by which it differs: `period` (first days) or `year`,
            `place`, `age` (the lowest age of each class), and groups.
        domains: The values of the table's keys.
        level: Of its places, which is that of the table.
        file: Where it was read, for messages.

    Raises:
        DataError: for a column that is none of these, a population that is none, or a key without one.
    """
    keys = [name for name in table.columns if name != POPULATION]
    valid = (*domains, *([YEAR] if PERIOD in domains else []))
    if POPULATION not in table.columns:
        raise DataError(
            f"table.denominator: {file} has no column 'population'. {did_you_mean(POPULATION, table.columns)}"
        )
    if strange := [name for name in keys if name not in valid]:
        raise DataError(
            f"table.denominator: {file} has a column {strange[0]!r}, by which the table has no rows. "
            f"{did_you_mean(strange[0], (POPULATION, *valid))}"
        )
    if PERIOD in keys and YEAR in keys:
        raise DataError(f"table.denominator: {file} has both period and year. Leave one out.")
    found = _typed(table, keys, level, file)
    if found[POPULATION].null_count() or not (found[POPULATION] > 0).all():
        raise DataError(f"table.denominator: {file} has a population that is empty, or not above 0.")
    for key in keys:
        if found[key].null_count():
            raise DataError(f"table.denominator: {file} has rows without {key!r}, or with one that is not known.")
    if repeated := found.height - (found.select(keys).n_unique() if keys else 1):
        raise DataError(f"table.denominator: {file} has {repeated} rows of the same {', '.join(keys) or 'population'}.")
    _check_whole(found, keys, domains, file)
    return Populations(found, keys)


def _typed(table: pl.DataFrame, keys: Sequence[str], level: Level | None, file: str) -> pl.DataFrame:
    try:
        columns = [pl.col(POPULATION).cast(pl.Float64)]
        for key in keys:
            kind = {PERIOD: pl.Date(), YEAR: pl.Int64(), AGE: pl.Int64()}.get(key, pl.String())
            is_text = table.schema[key] == pl.String
            columns.append(pl.col(key).str.to_date() if key == PERIOD and is_text else pl.col(key).cast(kind))
        found = table.select(columns)
    except pl.exceptions.PolarsError:
        raise DataError(
            f"table.denominator: {file}: population is a number, period the first day as 2026-01-05, year and age are "
            "whole numbers, age the lowest of the class."
        ) from None
    if PLACE not in keys or level is None:
        return found
    return found.with_columns(as_places(found[PLACE], codes=level, level=level))


def _check_whole(found: pl.DataFrame, keys: Sequence[str], domains: Mapping[str, list[Key]], file: str) -> None:
    """Each value of each key that the file tells has a population: else rates would be of too few people."""
    for key in keys:
        values: Sequence[Key] = domains[key] if key != YEAR else _years(domains[PERIOD])
        lacking = [value for value in values if value is not None and value not in set(found[key])]
        if lacking:
            raise DataError(
                f"table.denominator: {file} has no population of {key} {lacking[0]}"
                f"{f' and {len(lacking) - 1} others' if len(lacking) > 1 else ''}. Add it: the table has rows of it."
            )
    whole = 1
    for key in keys:
        whole *= found[key].n_unique()
    if found.height != whole:
        raise DataError(
            f"table.denominator: {file} has {found.height} rows, and there are {whole} combinations of "
            f"{', '.join(keys)}. Each needs a population."
        )


def _years(periods: Sequence[Key]) -> list[Key]:
    return list(dict.fromkeys(one.year for one in periods if isinstance(one, datetime.date)))
