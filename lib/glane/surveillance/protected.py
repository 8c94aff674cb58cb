"""A surveillance table as its rule of disclosure lets it leave: a suppressed count takes all with it that it gives."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from glane.assess.estimate.question import Question
from glane.disclosure.counts import Counts
from glane.disclosure.layout import Layout
from glane.disclosure.protect import Protected, protect
from glane.disclosure.record import Disclosed, of_change, of_suppression
from glane.disclosure.register import IssuedKey, IssuedTable, ToIssue, read_register
from glane.disclosure.series import Series
from glane.settings.disclosure import DisclosureRule
from glane.settings.table import TableDefinition
from glane.surveillance.changed import changed_table
from glane.surveillance.counted import roles, table_layout
from glane.surveillance.dimensions import AGE, PERIOD, PLACE, Located, Unplaced, keys_of
from glane.surveillance.figures import ALL
from glane.surveillance.issued import ROW, STANDARDISED, SUPPRESSED, condition_of
from glane.surveillance.periods import Calendar
from glane.surveillance.record import TableSummary

_TOTAL_ONLY = ("failed", "reviewed")  # counts of documents, not of cases: told of all together
_KEPT = ("margin", "period_name", "place_name", "age_class", "incomplete", SUPPRESSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What may leave of a table."""

    rows: pl.DataFrame
    signals: pl.DataFrame | None
    summary: TableSummary
    issue: ToIssue | None = None  # to its register, when it is written


def leaving(
    rows: pl.DataFrame, signals: pl.DataFrame | None, summary: TableSummary, found: Located, *, question: Question,
    id_column: str, collection: Sequence[str],
) -> Leaving:  # fmt: skip
    """What the rule of the table lets leave of it; all, if it has none.

    Args:
        rows: Of every margin, as `glane.surveillance.table` makes them.
        signals: As that makes them.
        summary: Of the table, with its definition.
        found: The documents with their keys.
        question: What makes a case.
        id_column: Of documents.
        collection: The folders that they are from.

    Raises:
        ConfigError: if the table is too large to be searched, is of another series than those of its register, or the
            secret of cell keys cannot be read.
        RunError: if its register cannot be read.
        RecordError: if a table of it is damaged.
    """
    definition, rule = summary.definition, summary.definition.disclosure
    if rule is None:
        return Leaving(rows=rows, signals=signals, summary=summary)
    if rule.method != "suppress":
        told = changed_table(rows, definition, found, rule, question=question, id_column=id_column)
        return Leaving(rows=told, signals=None, summary=_summary(summary, told, rule, of_change(rule, told.height)))
    layout = table_layout(rows, definition, found)
    register = None if rule.register_ is None else read_register(rule.register_)
    series = _series(definition, question, id_column, collection)
    if register is not None:
        register.refuse_other(series, roles(definition))
    chosen = protect(layout, _counts(rows), rule, () if register is None else register.former())
    told = _without_suppressed(rows, chosen, keys_of(definition))
    return Leaving(
        rows=told, signals=None if signals is None else _signals(signals, told, definition),
        summary=_summary(summary, told, rule, of_suppression(chosen, rule)),
        issue=None if register is None else ToIssue(table=_issued(layout, told, definition, series), after=register),
    )  # fmt: skip


def _series(definition: TableDefinition, question: Question, id_column: str, collection: Sequence[str]) -> Series:
    """What the table counts, and of which documents."""
    links = None if definition.links is None else str(Path(definition.links).expanduser().resolve())
    return Series(
        unit=definition.unit, names=definition.person, links=links, case=_case(question), id_column=id_column,
        collection=tuple(sorted(set(collection))),
    )  # fmt: skip


def _case(question: Question) -> str:
    """The condition of a case; of a field and its value, as a condition says it."""
    if question.case is not None:
        return question.case
    return condition_of(question.field, question.value)


def _issued(layout: Layout, rows: pl.DataFrame, definition: TableDefinition, series: Series) -> IssuedTable:
    """The table as its register keeps it."""
    of = roles(definition)
    return IssuedTable(
        name=definition.name, series=series, issued=datetime.datetime.now(datetime.UTC),
        keys=tuple(IssuedKey(name=key, role=of[key], spans=spans) for key, spans in layout.spans.items()),
        rows=tuple(tuple(row) for row in layout.rows.tolist()), cases=tuple(rows["model"]),
        documents=tuple(rows["documents"]),
    )  # fmt: skip


def _summary(summary: TableSummary, rows: pl.DataFrame, rule: DisclosureRule, told: Disclosed) -> TableSummary:
    """The same without what would tell of suppressed rows."""
    total = rows.filter(pl.col("margin") == ALL).row(0, named=True)
    few = 0 < (summary.unnamed or 0) < rule.least
    return summary.model_copy(
        update={
            "documents": total["documents"], "failed": total["failed"], "reviewed": total["reviewed"],
            "unplaced": _unplaced(summary.unplaced, rows, rule), "unnamed": None if few else summary.unnamed,
            "disclosure": told, "silent": summary.silent if rule.method == "suppress" else (),
            "first_day": _told_day(summary.first_day, rows, summary.definition),
            "last_day": _told_day(summary.last_day, rows, summary.definition),
        }
    )  # fmt: skip


def _told_day(day: datetime.date | None, rows: pl.DataFrame, definition: TableDefinition) -> datetime.date | None:
    """A day of the first or the last document; None where its period is not told as it is: it may be of one alone."""
    if day is None or definition.time is None or SUPPRESSED not in rows.columns:
        return None
    of_day = (pl.col("margin") == PERIOD) & (pl.col(PERIOD) == Calendar.of(definition.time).first_day(day))
    return day if rows.filter(of_day & pl.col(SUPPRESSED).ne_missing(ROW)).height else None


def _counts(rows: pl.DataFrame) -> Counts:
    cases, documents = (rows[name].to_numpy().astype(np.float64) for name in ("model", "documents"))
    estimate = rows["estimate"].fill_null(0).to_numpy() if "estimate" in rows.columns else None
    return Counts(cases=cases, others=documents - cases, estimate=estimate)


def _without_suppressed(rows: pl.DataFrame, chosen: Protected, keys: Sequence[str]) -> pl.DataFrame:
    """The rows, without any figure of those that are suppressed."""
    figures = [name for name in rows.columns if name not in (*keys, *_KEPT)]
    standardised = [name for name in figures if name.startswith("standardised_")]
    counted = [name for name in _TOTAL_ONLY if name in figures]
    is_gone, is_lost = pl.col("__gone"), pl.col("__lost")
    found = rows.with_columns(pl.Series("__gone", chosen.suppressed))
    lost = _standardised_lost(found, keys) if standardised else pl.Series([False] * rows.height, dtype=pl.Boolean)
    found = found.with_columns(lost.alias("__lost"))
    for names, is_told in ((figures, ~is_gone), (standardised, ~is_lost), (counted, pl.col("margin") == ALL)):
        found = found.with_columns(pl.when(is_told).then(pl.col(name)).alias(name) for name in names)
    reason = pl.when(is_gone).then(pl.lit(ROW)).when(is_lost).then(pl.lit(STANDARDISED))
    return found.with_columns(reason.alias(SUPPRESSED)).drop("__gone", "__lost")


def _standardised_lost(rows: pl.DataFrame, keys: Sequence[str]) -> pl.Series:
    """Where a standardised rate is a sum of which a part is suppressed: with its weights it would tell of that."""
    others = [key for key in keys if key != AGE]
    parts = rows.filter(pl.col("margin").str.split(" × ").list.contains(AGE) & pl.col(AGE).is_not_null())
    names = pl.col("margin").str.split(" × ").list.set_difference(pl.lit([AGE])).list.join(" × ")
    named = parts.with_columns(pl.when(names == "").then(pl.lit(ALL)).otherwise(names).alias("margin"))
    lost = named.group_by("margin", *others).agg(pl.col("__gone").any().alias("__lost"))
    found = rows.join(lost, on=["margin", *others], how="left", nulls_equal=True, maintain_order="left")
    return found["__lost"].fill_null(False)


def _signals(signals: pl.DataFrame, rows: pl.DataFrame, definition: TableDefinition) -> pl.DataFrame:
    """Signals without the counts that are suppressed, nor anything that was made of one: bounds look back."""
    keys = [key for key in keys_of(definition) if key != PERIOD and key in signals.columns]
    by_period = rows.filter(pl.col("margin").str.split(" × ").list.contains(PERIOD) & pl.col(PERIOD).is_not_null())
    wanted = [PERIOD, *keys]
    is_of = pl.col("margin") == PERIOD
    for key in keys:  # what is not known has no series, and is not all
        is_of |= (pl.col("margin") == _margin(key, definition)) & pl.col(key).is_not_null()
    gone = by_period.filter(is_of & pl.col(SUPPRESSED).eq(ROW).fill_null(False)).select(
        *wanted, pl.lit(True).alias("__gone")
    )
    found = signals.with_row_index("__at").join(gone, on=wanted, how="left", nulls_equal=True, maintain_order="left")
    found = found.with_columns(pl.col("__gone").fill_null(False))
    found = found.sort(PERIOD, maintain_order=True).with_columns(
        pl.col("__gone").cast(pl.Int32).cum_max().over("method", *keys).cast(pl.Boolean).alias("__past")
    ).sort("__at")  # fmt: skip
    return found.with_columns(
        pl.when(~pl.col("__gone")).then(pl.col("model")).name.keep(),
        pl.when(~pl.col("__past")).then(pl.col("expected", "upper", "signal", "probability")).name.keep(),
        pl.when(pl.col("__past")).then(pl.lit(SUPPRESSED)).otherwise(pl.col("reason")).alias("reason"),
    ).drop("__at", "__gone", "__past")


def _margin(key: str, definition: TableDefinition) -> str:
    return " × ".join(one for one in keys_of(definition) if one in (PERIOD, key))


def _unplaced(found: Unplaced, rows: pl.DataFrame, rule: DisclosureRule) -> Unplaced:
    """The counts of documents that stand nowhere, without those that tell a suppressed row, or are too few."""
    of_key = {
        PERIOD: ("without_date",),
        PLACE: ("without_place", "unknown_places"),
        AGE: ("without_age", "unknown_ages"),
    }
    hidden = {name for name in ("outside", "elsewhere") if 0 < (getattr(found, name) or 0) < rule.least}
    for key, names in of_key.items():
        if key not in rows.columns:
            continue
        unknown = rows.filter((pl.col("margin") == key) & pl.col(key).is_null())
        few = any(0 < (getattr(found, name) or 0) < rule.least for name in names)
        if few or SUPPRESSED not in rows.columns or unknown[SUPPRESSED].eq(ROW).any():
            hidden |= set(names)
    return found.model_copy(update=dict.fromkeys(hidden))
