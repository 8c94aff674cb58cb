"""A surveillance table in a few lines, for the terminal."""

from __future__ import annotations

import polars as pl

from glane.assess.right_answers import right_answers_warnings
from glane.assess.rounding import count_digits, outward
from glane.disclosure.record import Disclosed
from glane.surveillance.delays import COMPLETENESS
from glane.surveillance.dimensions import PERIOD
from glane.surveillance.figures import ALL
from glane.surveillance.record import TableSummary
from glane.surveillance.silent import silent_places
from glane.surveillance.unreviewed import unreviewed_rows
from glane.toys import notice_lines


def table_text(summary: TableSummary, rows: pl.DataFrame, signals: pl.DataFrame | None) -> str:
    """The total, how many rows by what, and what is left out."""
    total = rows.filter(pl.col("margin") == ALL).row(0, named=True)
    unit, num = summary.definition.unit, f"{summary.documents or 0:,}"
    lines = [*notice_lines(summary.toy), f"{summary.definition.name}: {summary.case}"]
    low, high = (0.0, 0.0) if total.get("low") is None else outward(total["low"], total["high"])
    if total["model"] is None:
        lines.append("The total is suppressed, as the rule of disclosure asks for.")
    elif summary.method == "linked":
        lines.append(
            f"{_count(total['estimate'])} cases [{low:,.0f}, {high:,.0f}] that are one each, with the "
            f"errors of links and of answers; the model and the links alone say {total['model']:,} among {num}."
        )
    elif summary.method is not None:
        lines.append(
            f"{_count(total['estimate'])} cases [{low:,.0f}, {high:,.0f}] among {num} documents; the "
            f"model alone says {total['model']:,}; {summary.reviewed or 0:,} reviewed."
        )
    elif unit == "person":
        lines.append(f"{total['model']:,} cases among {num} persons, by the model alone: not corrected.")
    elif unit == "event":
        lines.append(f"{total['model']:,} cases among {num} events, by the model and the links alone: not corrected.")
    else:
        lines.append(f"{total['model']:,} cases among {num} documents, by the model alone: not corrected.")
    if summary.note is not None and total["model"] is not None:
        lines.append(f"Of the review: {summary.note}.")
    if found := unreviewed_rows(summary, rows):
        lines.append(
            f"Of {found.rows:,} rows with documents, {found.unreviewed:,} have no reviewed one: they are corrected by "
            "what the others tell."
        )
    lines += _left_out(summary)
    lines += _still_to_come(rows)
    if signals is not None:
        for (method,), part in signals.group_by(["method"], maintain_order=True):
            of, periods = part["signal"].count(), part.filter(pl.col("signal").is_not_null())[PERIOD].n_unique()
            lines.append(
                f"{method}: signals: {part['signal'].sum():,}, of {of:,} counts that could be judged, each of a "
                f"series in one of {periods:,} periods."
            )
    lines += _disclosed(summary.disclosure)
    counts = rows.group_by("margin", maintain_order=True).len()
    return "\n".join([*lines, *_rows(counts)])


def _count(value: float) -> str:
    return f"{value:,.{count_digits(value)}f}"


def _rows(counts: pl.DataFrame) -> list[str]:
    """How many rows there are by each key, and of several keys together."""
    told, of_several = [], 0
    for name, num in counts.filter(pl.col("margin") != ALL).iter_rows():
        match name:
            case _ if " × " in name:
                of_several += num
            case "period":
                told.append(f"{num:,} by period")
            case "place":
                told.append(f"{num:,} by place")
            case "age":
                told.append(f"{num:,} by class of age")
            case _:
                told.append(f"{num:,} by {name!r}")
    if of_several:
        told.append(f"{of_several:,} of combinations of these")
    return [f"Rows of the table: {', '.join(told)}."] if told else []


def line_list_text(rows: pl.DataFrame) -> str:
    """What a line list holds, and what it is."""
    return (
        f"linelist: {rows.height:,} rows of single documents or persons, with ids, dates, places and ages as far as "
        "the table has them. These are personal data: keep them where the documents are kept."
    )


def _disclosed(one: Disclosed | None) -> list[str]:
    """What was done about small counts, and what can be found out."""
    if one is None:
        return []
    if one.base is not None:
        return [
            f"Counts are rounded to multiples of {one.base}, each by itself: sums do not agree, and 0 may be a few."
        ]
    if one.largest is not None:
        return [f"Counts are changed by at most {one.largest}, each by itself: sums do not agree, and 0 may be a few."]
    lines = [
        f"{one.suppressed:,} of {one.rows:,} rows are suppressed: counts below {one.least}, and what gives them back."
    ]
    if one.exposed:
        lines.append(
            f"Warning: {one.exposed:,} small counts are told by tables of the series that were issued before, whatever "
            "is suppressed here."
        )
    return lines


def _left_out(summary: TableSummary) -> list[str]:
    lines: list[str] = []
    lines += [f"Warning: {one}" for one in right_answers_warnings(summary.right_answers, "en")]
    lines += _silent(summary)
    if summary.failed and summary.definition.unit != "document":
        lines.append(f"{summary.failed:,} persons or events have no answer, and are not counted.")
    elif summary.failed:
        lines.append(f"{summary.failed:,} documents have no answer, and are not counted.")
    if summary.definition.denominator is None:
        lines.append("No rates: the table names no denominator.")
    one = summary.unplaced
    told = (
        (one.outside, f"{one.outside or 0:,} documents are of days that the table does not cover."),
        (one.elsewhere, f"{one.elsewhere or 0:,} documents are of places that table.place.only does not name."),
        (
            one.reported_later,
            f"{one.reported_later or 0:,} documents were reported after table.time.until, and are left out.",
        ),
        (one.without_date, f"{one.without_date or 0:,} have no date."),
        (one.without_place, f"{one.without_place or 0:,} have no place."),
        (one.unknown_places, _unknown_places(summary)),
        (one.without_age, f"{one.without_age or 0:,} have no age."),
        (one.unknown_ages, f"{one.unknown_ages or 0:,} have an age outside of the classes."),
        (summary.unnamed, f"{summary.unnamed or 0:,} documents name no person or event; each is taken for one."),
    )
    lines += [line for num, line in told if num]
    if summary.definition.signals is not None and summary.drifted:
        lines.append(f"Sentinels drifted in {', '.join(summary.drifted)}: signals may be the model's, not of cases.")
    if summary.extracted:
        lines.append(f"The model extracted {', '.join(summary.extracted)}: a review of the case does not correct it.")
    return lines


def _unknown_places(summary: TableSummary) -> str:
    """How many documents have a code that is none, and what to do."""
    place = summary.definition.place
    column = None if place is None else place.column
    return (
        f"{summary.unplaced.unknown_places or 0:,} have a code of a place that there is not, and stand in the row "
        f"unknown, in no rate of a place. Make {column!r} hold official codes of the kind that table.place.codes "
        "says: a department is 01 to 95, 2A, 2B, 971 to 974 or 976; 20, 975, 977 and 978 are none, nor are postal "
        "codes."
    )


def _silent(summary: TableSummary) -> list[str]:
    of = silent_places(summary)
    if of is None:
        return []
    if of.is_declared:
        return [
            f"Warning: places of table.place.only from which no document came: {of.codes}. They have no rate, but "
            "their people are in the denominators of totals: if they did not report, these rates are too low."
        ]
    return [
        f"Warning: places from which no document came: {of.num:,}. They have no rate, and their people are in no "
        "denominator. If some of them take part and sent nothing, name all that the table covers: table.place.only=[…]"
    ]


def _still_to_come(rows: pl.DataFrame) -> list[str]:
    """The periods of which not all reports are expected to be in, the last of them in figures."""
    if COMPLETENESS not in rows.columns:
        return []
    found = rows.filter((pl.col("margin") == PERIOD) & (pl.col(COMPLETENESS) < 1)).sort(PERIOD)
    if not found.height:
        return []
    last = found.row(-1, named=True)
    low, high = outward(last["model_nowcast_low"], last["model_nowcast_high"])
    return [
        f"Reports of {found.height:,} periods are not all in. Of {last['period_name']} {last['model']:,} cases are in, "
        f"by the model alone; {last['model_nowcast']:,.0f} [{low:,.0f}, {high:,.0f}] "
        "are expected in the end, if delays stay as they were."
    ]
