"""Cases by period, place, age and group: every figure of a table, and the sums that they are part of.

All counts come from one correction of all cells together (`glane.surveillance.corrected`), and sums over cells are made
of the same draws. So weeks, places and classes add up to the same total, and a sum's limits know how its parts move
together. Without a review the model's own counts stand alone, and nothing is called an estimate.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from glane.assess.estimate.error_rates import ErrorRatesRecord
from glane.assess.estimate.question import MODEL, REVIEWED, WEIGHT, Question, joined_rows
from glane.assess.estimate.tables import Basis
from glane.errors import ConfigError, DataError
from glane.settings.table import TableDefinition, TimeDimension
from glane.surveillance.cells import Cells, cell_numbers, counted, margins
from glane.surveillance.corrected import MOST_CELLS, corrected_cells
from glane.surveillance.delays import Delays, delays
from glane.surveillance.dimensions import AGE, PERIOD, PLACE, Key, Located, age_class, keys_of
from glane.surveillance.figures import ALL, Figures, Rating
from glane.surveillance.linked import Links, with_link_errors
from glane.surveillance.periods import Calendar
from glane.surveillance.places import names
from glane.surveillance.table_signals import table_signals
from glane.surveillance.words import WORDS
from glane.types import Language

_MOST_ROWS = 2_000_000
UNKNOWN = "unknown"
_LABELS = {PERIOD: "period_name", PLACE: "place_name", AGE: "age_class"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveillanceTable:
    """Rows of every margin, and what corrected them."""

    rows: pl.DataFrame
    basis: Basis | None  # of corrected counts of documents
    method: str | None  # of the correction
    signals: pl.DataFrame | None  # a row for each period, method and series
    delays: Delays | None  # of the days of reports


def surveillance_table(
    found: Located,
    definition: TableDefinition,
    question: Question,
    *,
    id_column: str,
    reviewed: pl.DataFrame | None = None,
    transported: ErrorRatesRecord | None = None,
    rating: Rating | None = None,
    links: Links | None = None,
    cases: pl.Series | None = None,
) -> SurveillanceTable:
    """Count cases.

    Args:
        found: The documents with their keys; those with an answer have the id and the field of the question.
        definition: Of the table.
        question: Of a count: the field and the value that make a case.
        id_column: Of documents.
        reviewed: Right answers of a random sample of them with weights, as `glane.assess.estimate` takes them.
        transported: Error rates of an earlier review, in their place.
        rating: How rates are made; None: there are none.
        cases: The ids of all documents that are a case by the model, where links are given.
        links: Of persons and events that are corrected: what the errors of links do to their counts.

    Raises:
        ConfigError: for a table of too many cells.
        DataError: for error rates of another question.
    """
    keys = keys_of(definition)
    if question.field in keys or id_column in keys:
        raise ConfigError(
            f"table: a column {question.field if question.field in keys else id_column!r} would be taken for a key. "
            "Rename it: period, place and age are made by the table."
        )
    _check_size(found.domains)
    documents = _joined(found.usable, reviewed, question, id_column, keys)
    if reviewed is not None and not documents[REVIEWED].any():
        raise DataError(
            "gold: no reviewed document is among those that the table covers, so nothing corrects it. Widen "
            "table.time, or give the error_rates.json of an estimate as error_rates."
        )
    table = counted(documents, found.failed, keys, is_case=MODEL, is_reviewed=REVIEWED)
    corrected = None
    if reviewed is not None or transported is not None:
        if table.height > MOST_CELLS:
            raise ConfigError(
                f"table: {table.height:,} combinations of {', '.join(keys)} have documents, and at most "
                f"{MOST_CELLS:,} are corrected together. Choose longer periods, regions, fewer classes or groups."
            )
        numbers = cell_numbers(documents, table, keys)
        corrected = corrected_cells(documents, numbers, keys, question, transported, num_cells=table.height)
        if links is not None and cases is not None:
            corrected = with_link_errors(corrected, links, cases)
        if definition.disclosure is not None:  # what is searched for suppressed counts takes rows for sums of cells
            corrected = replace(corrected, by_key=())
    cells = Cells(table=table, corrected=corrected)
    figures = Figures(cells=cells, domains=found.domains, level=definition.level, rating=rating, silent=found.silent)
    told = pl.concat([figures.of(margin) for margin in margins(keys)], how="diagonal_relaxed")
    basis = None if corrected is None else corrected.basis
    late = _delays(documents, found, definition)
    rows = _named(told, keys, definition, found, late)
    signals = table_signals(rows, cells, definition, found.domains)
    has_link_errors = corrected is not None and corrected.has_link_errors
    method = "linked" if has_link_errors else None if basis is None else basis.method
    return SurveillanceTable(rows=rows, basis=basis, method=method, signals=signals, delays=late)


def _delays(documents: pl.DataFrame, found: Located, definition: TableDefinition) -> Delays | None:
    time = definition.time
    if time is None or time.reported is None:
        return None
    cases = documents.select(PERIOD, MODEL).with_columns(found.usable[time.reported])
    return delays(cases, found, time, is_case=MODEL, level=definition.level)


def _joined(
    rows: pl.DataFrame, reviewed: pl.DataFrame | None, question: Question, id_column: str, keys: Sequence[str]
) -> pl.DataFrame:
    """The documents with yes or no, the truth of the reviewed ones, and their keys."""
    gold = rows.head(0).select(id_column, question.field) if reviewed is None else reviewed
    if WEIGHT not in gold.columns:
        gold = gold.with_columns(pl.lit(1.0).alias(WEIGHT))
    kept = gold.join(rows.select(id_column), on=id_column, how="semi")  # the others are of days outside of the table
    joined = joined_rows(rows, kept, question, id_column)
    return joined.with_columns(rows[key] for key in keys)


def _check_size(values: Mapping[str, list[Key]]) -> None:
    size = 1
    for one in values.values():
        size *= len(one)
    if size > _MOST_ROWS:
        raise ConfigError(
            f"table: {size:,} rows by {', '.join(values)}; at most {_MOST_ROWS:,} are made. Choose longer periods, "
            "regions, fewer classes of age or groups."
        )


def _named(
    rows: pl.DataFrame, keys: Sequence[str], definition: TableDefinition, found: Located, late: Delays | None
) -> pl.DataFrame:
    """The rows with names beside codes, and with the periods that may still grow marked."""
    columns: list[pl.Expr] = [pl.col("margin")]
    for key in keys:
        is_in = pl.col("margin").str.split(" × ").list.contains(key)
        columns.append(pl.col(key))
        if label := _LABELS.get(key):
            told = _names_of(key, rows[key], definition)
            shown = pl.col(key).replace_strict(told, default=None, return_dtype=pl.String) if told else pl.lit("")
            columns.append(
                pl.when(~is_in).then(pl.lit(ALL)).when(pl.col(key).is_null()).then(pl.lit(UNKNOWN)).otherwise(shown)
                .alias(label)
            )  # fmt: skip
    others = [name for name in rows.columns if name not in (*keys, "margin")]
    named = rows.select(*columns, *others)
    if definition.time is None:
        return named
    open_ones = incomplete_periods(definition.time, found)
    if late is not None:
        open_ones = sorted({*open_ones, *late.open_periods(definition.time.complete)})
        named = late.beside(named)
    return named.with_columns(pl.col(PERIOD).is_in(open_ones).fill_null(False).alias("incomplete"))


def labelled(rows: pl.DataFrame, definition: TableDefinition, language: Language) -> pl.DataFrame:
    """The rows of a table with the labels of periods, totals and of what is not known in a language, as people read
    them: a week is 2026-W05 in English, as in the Parquet file, and 2026-S05 in French."""
    words = {ALL: WORDS[language][ALL], UNKNOWN: WORDS[language][UNKNOWN]}
    if definition.time is not None and PERIOD in rows.columns:
        calendar = Calendar.of(definition.time)
        words |= {calendar.name(one, "en"): calendar.name(one, language) for one in rows[PERIOD].unique().drop_nulls()}
    names = [name for name in _LABELS.values() if name in rows.columns]
    return rows.with_columns(pl.col(name).replace(words) for name in names)


def _names_of(key: str, values: pl.Series, definition: TableDefinition) -> Mapping[Any, str]:
    told: list[Any] = values.unique().drop_nulls().to_list()
    if key == PERIOD and definition.time is not None:
        calendar = Calendar.of(definition.time)
        return {one: calendar.name(one, "en") for one in told}
    if key == PLACE and definition.place is not None:
        return dict(names(definition.place.level))
    if key == AGE and definition.age is not None:
        return {one: age_class(one, definition.age.classes) for one in told}
    return {}


def incomplete_periods(time: TimeDimension, found: Located) -> list[datetime.date]:
    """The periods whose counts may still grow, or of which days are not covered: the last ones, and a cut first one."""
    periods = [one for one in found.domains[PERIOD] if isinstance(one, datetime.date)]
    if not periods:
        return []
    calendar = Calendar.of(time)
    first = time.first or found.first_day or periods[0]
    last = min(filter(None, (time.last, found.last_day)), default=periods[-1])
    cut = {one for one in periods if one < first or calendar.last_day(one) > last}
    begun = [one for one in periods if one <= last]
    return sorted(cut | set(begun[max(0, len(begun) - (time.incomplete or 0)) :]))
