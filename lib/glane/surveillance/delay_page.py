"""The part of a surveillance table's page that tells how late reports come."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import polars as pl

from glane.assess.pages.page import decimal, heading, paragraph, table
from glane.assess.rounding import outward
from glane.surveillance.delay_words import DELAY_WORDS
from glane.surveillance.delays import COMPLETENESS
from glane.surveillance.dimensions import PERIOD
from glane.surveillance.record import TableSummary
from glane.surveillance.triangle import DELAY
from glane.surveillance.triangle_drawing import Line, triangle_drawing
from glane.types import Language

_SHOWN = 20  # periods of the triangle


def delay_parts(
    summary: TableSummary,
    rows: pl.DataFrame,
    triangle: pl.DataFrame,
    language: Language,
    label: Callable[[Mapping[str, Any]], str],
) -> Iterator[str]:
    """What is still to come, the triangle, and how both are made; nothing without a summary of delays.

    Args:
        summary: Of the table.
        rows: Of the table.
        triangle: Cases by period and delay.
        language: Of the page.
        label: How a period is written.
    """
    words, told = DELAY_WORDS[language], summary.delays
    if told is None:
        return
    count = _counting(language)
    yield heading(words["delays"])
    found = rows.filter((pl.col("margin") == PERIOD) & pl.col(PERIOD).is_not_null())
    open_ones = found.filter(pl.col(COMPLETENESS) < 1)
    if open_ones.height:
        yield table(words["delays_head"].split("|"), [_line(row, label(row), language) for row in _rows(open_ones)])
    yield paragraph(words["delays_model" if summary.method is None else "delays_corrected"])
    yield _drawing(triangle, told.longest, words, label, count)
    shares = ", ".join(
        words["delays_share"].format(delay=delay, share=_share(one, language))
        for delay, one in enumerate(told.by_delay)
    )
    last_whole = label({PERIOD: told.last_whole})
    level = decimal(100 * summary.definition.level, language, digits=0)
    yield paragraph(words["triangle_how"].format(until=told.until, last_whole=last_whole, longest=told.longest))
    yield paragraph(words["delays_how"].format(shares=shares, level=level, dispersion=_one_digit(told, language)))
    for name in ("late", "undated", "reversed"):
        if num := getattr(told, name):
            yield paragraph("⚠ " + words[f"delays_{name}"].format(num=count(num), longest=told.longest))


def _counting(language: Language) -> Callable[[float], str]:
    return lambda value: decimal(value, language, digits=0)


def _one_digit(told: Any, language: Language) -> str:
    return decimal(told.dispersion, language, digits=1)


def _share(share: float | None, language: Language) -> str:
    return "–" if share is None else f"{decimal(100 * share, language, digits=0)}\u00a0%"


def _rows(found: pl.DataFrame) -> list[dict[str, Any]]:
    return list(found.sort(PERIOD, descending=True).iter_rows(named=True))


def _line(row: Mapping[str, Any], label: str, language: Language) -> list[str]:
    count = _counting(language)
    low, high = outward(row["model_nowcast_low"], row["model_nowcast_high"])
    ends = f"{count(low)} – {count(high)}"
    return [label, count(row["model"]), _share(row[COMPLETENESS], language), count(row["model_nowcast"]), ends]


def _drawing(
    triangle: pl.DataFrame,
    longest: int,
    words: Mapping[str, str],
    label: Callable[[Mapping[str, Any]], str],
    count: Callable[[float], str],
) -> str:
    """The last periods of the triangle, with a column of what has no delay where there is such."""
    periods: list[datetime.date] = triangle[PERIOD].unique().sort().to_list()[-_SHOWN:]
    shown = triangle.filter(pl.col(PERIOD).is_in(periods))
    delays: list[int | None] = [*range(longest + 1), *([None] if shown[DELAY].null_count() else [])]
    cells = {
        (row[PERIOD], row[DELAY]): (row["model"], row["whole"] is not False) for row in shown.iter_rows(named=True)
    }
    lines = [
        Line(
            label=label({PERIOD: one}), counts=[cells.get((one, delay), (None, True))[0] for delay in delays],
            is_whole=[cells.get((one, delay), (None, True))[1] for delay in delays],
        )
        for one in periods
    ]  # fmt: skip
    heads = [words["unknown"] if one is None else f"{one}+" if one == longest else str(one) for one in delays]
    return paragraph(words["triangle_title"]) + triangle_drawing(lines, heads, words["triangle_title"], count)
