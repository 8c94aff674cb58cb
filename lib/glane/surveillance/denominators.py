"""The populations that rates are of: the run's own documents, or those of a file."""

from __future__ import annotations

import datetime
import math
from collections.abc import Mapping, Sequence

import polars as pl

from glane.errors import ConfigError, DataError, did_you_mean
from glane.settings.table import Level
from glane.surveillance.dimensions import AGE, PERIOD, PLACE, Key
from glane.surveillance.places import as_places
from glane.type_words import type_words

POPULATION, YEAR = "population", "year"


class Populations:
    """Populations by some of a table's keys, one row for each of their combinations.

    Those of several places, classes of age and groups add up; of several periods they are their mean, and the rate is
    that of all of them together. By a key that they do not tell there is no population.
    """

    def __init__(self, table: pl.DataFrame) -> None:
        self._table = table
        self._keys = [name for name in table.columns if name != POPULATION]

    def tells(self, key: str) -> bool:
        """Whether they differ by a key."""
        return key in self._keys

    def of(self, margin: Sequence[str], rows: pl.DataFrame) -> pl.Series:
        """The population of each row of a margin of the table; null where a key is not known, or not told.

        Args:
            margin: The keys of the rows.
            rows: Their values.
        """
        nothing = pl.Series(POPULATION, [None] * rows.height, pl.Float64)
        if any(key not in self._keys for key in margin if key != PERIOD):
            return nothing
        own = [key for key in self._keys if key in margin]
        by_time = [*own, PERIOD] if PERIOD in self._keys and PERIOD not in own else own
        summed = self._table.select(*by_time, POPULATION)
        summed = summed.group_by(by_time).agg(pl.col(POPULATION).sum()) if by_time else summed.sum()
        if by_time != own:
            mean = pl.col(POPULATION).mean()
            summed = summed.group_by(own).agg(mean) if own else summed.select(mean)
        if own:
            found = rows.select(own).join(summed, on=own, how="left", maintain_order="left")[POPULATION]
        else:
            found = nothing.fill_null(summed[POPULATION].item())
        if PERIOD not in margin:
            return found
        is_known = rows[PERIOD].is_not_null()
        return pl.DataFrame([found, is_known]).select(pl.when(pl.col(PERIOD)).then(pl.col(POPULATION))).to_series()


def populations(
    table: pl.DataFrame,
    domains: Mapping[str, list[Key]],
    *,
    level: Level | None,
    years: Mapping[datetime.date, int],
    file: str,
) -> Populations:
    """Read a table of populations, and check that it has one for all that a table has rows of, and of nobody else.

    Args:
        table: Columns `population`, and of the table's keys those by which it differs: `period` (first days) or `year`,
            `place`, `age` (the lowest of each class, or of finer ones), and groups.
        domains: The values of the table's keys; of places, those of whose people the rates are.
        level: Of its places, which is that of the table.
        years: The year of each period.
        file: Where it was read, for messages.

    Raises:
        DataError: for a column that is none of these, a population that is none, or a key without one.
    """
    keys = [name for name in table.columns if name != POPULATION]
    valid = (*domains, *([YEAR] if PERIOD in domains else []))
    if POPULATION not in table.columns:
        raise DataError(
            f"table.denominator: {file} has no column 'population'. {did_you_mean(POPULATION, table.columns)} "
            f"Rename its columns: {', '.join((POPULATION, *valid))} are read."
        )
    if strange := [name for name in keys if name not in valid]:
        raise DataError(
            f"table.denominator: {file} has a column {strange[0]!r}, by which the table has no rows. "
            f"{did_you_mean(strange[0], (POPULATION, *valid))} Rename it, or leave it out."
        )
    if PERIOD in keys and YEAR in keys:
        raise DataError(f"table.denominator: {file} has both period and year. Leave one out.")
    found = _typed(table, keys, level, file)
    for key in keys:
        if found[key].null_count():
            raise DataError(f"table.denominator: {file} has rows without {key!r}, or with one that is not known.")
    if PLACE in keys:  # those of others have no part in any sum
        found = found.filter(pl.col(PLACE).is_in([one for one in domains[PLACE] if one is not None]))
    if repeated := found.height - (found.select(keys).n_unique() if keys else 1):
        raise DataError(f"table.denominator: {file} has {repeated} rows of the same {', '.join(keys) or 'population'}.")
    if AGE in keys:
        found = _in_classes(found, keys, domains[AGE], file)
    if YEAR in keys:
        found = _by_period(found, years, file)
        keys = [PERIOD if key == YEAR else key for key in keys]
    _check_whole(found, keys, domains, file)
    if PERIOD in keys:  # those of other periods have no part in a mean
        found = found.filter(pl.col(PERIOD).is_in([one for one in domains[PERIOD] if one is not None]))
    return Populations(found.select(*keys, POPULATION))


def whole_numbers(column: pl.Series, *, place: str) -> pl.Series:
    """A column of whole numbers, as ages and years are.

    Raises:
        DataError: if it holds anything else.
    """
    if column.name == AGE and column.dtype == pl.String:
        raise DataError(
            f"{place}: age has texts, and must be the lowest age of each class, a whole number: 0 for 0-1, 65 for 65+."
        )
    if not column.dtype.is_numeric() or (column.dtype.is_float() and not (column.drop_nulls() % 1 == 0).all()):
        raise DataError(f"{place}: {column.name} is {type_words(column.dtype)}, and must be whole numbers.")
    return column.cast(pl.Int64)


def people(column: pl.Series, *, place: str) -> pl.Series:
    """A column of populations: numbers above 0.

    Raises:
        DataError: if one is none; texts that might be read in two ways are not read.
    """
    if not column.dtype.is_numeric():
        raise DataError(
            f"{place}: {column.name} is {type_words(column.dtype)}, and must be numbers. If its texts can be read in "
            "two ways, as "
            "1.234, convert the file first and say how: glane convert"
        )
    found = column.cast(pl.Float64)
    if found.null_count() or not all(math.isfinite(one) and one > 0 for one in found):
        raise DataError(f"{place}: a {column.name} is empty, or not above 0.")
    return found


def _typed(table: pl.DataFrame, keys: Sequence[str], level: Level | None, file: str) -> pl.DataFrame:
    place = f"table.denominator: {file}"
    found = [people(table[POPULATION], place=place)]
    for key in keys:
        column = table[key]
        if key in (YEAR, AGE):
            found.append(whole_numbers(column, place=place))
        elif key == PERIOD:
            days = column.str.to_date(strict=False) if column.dtype == pl.String else column
            if days.dtype not in (pl.Date, pl.Datetime) or days.null_count() > column.null_count():
                raise DataError(f"{place}: period is the first day of each, as 2026-01-05.")
            found.append(days.dt.date().alias(PERIOD))
        elif key == PLACE and level is not None:
            found.append(as_places(column, codes=level, level=level))
        else:
            found.append(column.cast(pl.String))
    return pl.DataFrame(found)


def _in_classes(found: pl.DataFrame, keys: Sequence[str], classes: Sequence[Key], file: str) -> pl.DataFrame:
    """Populations of the table's classes, summed over finer ones.

    Raises:
        DataError: if a class of the file is cut by one of the table's, or nobody is told of.
    """
    wanted = [low for low in classes if isinstance(low, int)]
    told = sorted(set(found[AGE]))
    if lacking := [low for low in wanted if low not in told]:
        raise DataError(f"table.denominator: {file} has no class of age that begins at {lacking[0]}.")
    if told[0] < wanted[0]:
        raise DataError(
            f"table.denominator: {file} has a population of age {told[0]}, and the classes of the table begin at "
            f"{wanted[0]}. Begin table.age.classes at {told[0]}: documents of that age count in the total, too."
        )
    lowest = {age: max(low for low in wanted if low <= age) for age in told}
    named = found.with_columns(pl.col(AGE).replace_strict(lowest, return_dtype=pl.Int64))
    return named.group_by(keys, maintain_order=True).agg(pl.col(POPULATION).sum())


def _by_period(found: pl.DataFrame, years: Mapping[datetime.date, int], file: str) -> pl.DataFrame:
    """Populations of the periods of the table, each that of its year."""
    if lacking := sorted(set(years.values()) - set(found[YEAR])):
        raise DataError(f"table.denominator: {file} has no population of year {lacking[0]}. Add it.")
    periods = pl.DataFrame({PERIOD: list(years), YEAR: list(years.values())}, schema_overrides={PERIOD: pl.Date})
    return periods.join(found, on=YEAR, how="inner", maintain_order="left").drop(YEAR)


def _check_whole(found: pl.DataFrame, keys: Sequence[str], domains: Mapping[str, list[Key]], file: str) -> None:
    """Each value of each key that the file tells has a population, and each combination: else rates are of too few."""
    for key in keys:
        known = set(found[key])
        lacking = [value for value in domains[key] if value is not None and value not in known]
        if lacking:
            raise DataError(
                f"table.denominator: {file} has no population of {key} {lacking[0]}"
                f"{f' and {len(lacking) - 1} others' if len(lacking) > 1 else ''}. Add it: the table has rows of it."
            )
        if key not in (PERIOD, PLACE, AGE) and (others := known - set(domains[key])):
            raise DataError(
                f"table.denominator: {file} has a population of {key} {min(others)}, from where no document came. Take "
                "it out: the rate over all would be of people that nobody reports."
            )
    whole = math.prod(found[key].n_unique() for key in keys)
    if found.height != whole:
        raise DataError(
            f"table.denominator: {file} has {found.height} rows, and there are {whole} combinations of "
            f"{', '.join(keys)}. Each needs a population."
        )


def standard_people(table: pl.DataFrame, *, place: str) -> Mapping[int, float]:
    """The persons by the lowest age of each class, of a table with the columns age and population.

    Raises:
        ConfigError: if it has other columns.
        DataError: for an age that is repeated or none, or a population that is none.
    """
    if set(table.columns) != {AGE, POPULATION}:
        raise ConfigError(f"{place} needs the columns age (the lowest of each class) and population, and no others.")
    ages, told = whole_numbers(table[AGE], place=place), people(table[POPULATION], place=place)
    if ages.null_count() or ages.n_unique() < len(ages):
        raise DataError(f"{place}: an age is empty or repeated.")
    return dict(zip(ages, told, strict=True))
