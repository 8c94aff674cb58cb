"""The specification curve: all figures from the lowest to the highest, and below each what it was asked with.

After Simonsohn, Simmons and Nelson (Nat. Hum. Behav. 2020;4:1208). A drawing in HTML that needs nothing beside itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape

from glane.assess.multiverse.record import Figure, MultiverseSummary, Specification
from glane.assess.multiverse.told import shown_as
from glane.assess.pages.page import Cell, decimal
from glane.types import Language

_LEFT, _HEIGHT, _TOP, _ROW, _GAP = 190, 260, 14, 20, 24
_WIDEST, _NARROWEST, _WIDTH = 60, 7, 800
_GREY, _BLUE, _BAND = "#777", "#1f5f99", "#f4e7c3"
_TITLE = 26  # letters of a level's title


def curve(summary: MultiverseSummary, language: Language, *, title: str) -> Cell:
    """Draw the figures of all specifications in their order; `title` says what it is to who cannot see it."""
    found = summary.specifications
    step = min(_WIDEST, max(_NARROWEST, _WIDTH / len(found)))
    width = step * len(found)
    low, high = _range(summary)
    span = (high - low) or 1.0

    def across(place: int) -> float:
        return _LEFT + step * (place + 0.5)

    def upwards(value: float) -> float:
        return _TOP + _HEIGHT * (1 - (value - low) / span)

    below = _TOP + _HEIGHT + _GAP
    height = below + _ROW * len(summary.levels)
    at = next(place for place, one in enumerate(found) if one.run == summary.chosen)
    marks = [_rect(across(at) - step / 2, _TOP, step, height - _TOP)]
    marks += _axis(low, high, upwards, width, summary, language)
    if (own := summary.stood_for.figure.value) is not None:
        marks.append(_line(_LEFT, upwards(own), _LEFT + width, upwards(own), _GREY, dashes="3 3"))
    apart = step / 6 if summary.corrected is not None else 0.0
    for place, one in enumerate(found):
        marks += _marked(one.figure, across(place) - apart, upwards, _GREY)
        if one.corrected is not None:
            marks += _marked(one.corrected, across(place) + apart, upwards, _BLUE)
    marks += _levels(summary, across, below, width)
    whole = f"{_LEFT + width + 10:.0f}"
    return Cell(
        '<div class="wide" tabindex="0">'
        f'<svg width="{whole}" height="{height}" viewBox="0 0 {whole} {height}" role="img">'
        f"<title>{escape(title)}</title>{''.join(marks)}</svg></div>"
    )


def _range(summary: MultiverseSummary) -> tuple[float, float]:
    """The lowest and the highest that is drawn; 0 is among them for contrasts."""
    figures = [figure for one in summary.specifications for figure in (one.figure, one.corrected) if figure is not None]
    values = [value for one in figures for value in (one.value, one.low, one.high) if value is not None]
    values += [0.0] if summary.between is not None or not values else []
    return min(values), max(values)


def ticks(low: float, high: float) -> list[float]:
    """Round values between two: steps of 1, 2 or 5 times a power of ten, at most seven of them."""
    if not high > low:
        return [low]
    power = 10.0 ** math.floor(math.log10((high - low) / 6))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor * 6 >= high - low)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [number * step for number in range(first, last + 1)]


def _axis(
    low: float, high: float, upwards: Callable[[float], float], width: float, summary: MultiverseSummary,
    language: Language,
) -> list[str]:  # fmt: skip
    factor, _ = shown_as(summary.question)
    values = [value / factor for value in ticks(low * factor, high * factor)]
    step = factor * (values[1] - values[0]) if len(values) > 1 else 1.0
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    marks = []
    for value in values:
        is_zero = summary.between is not None and abs(value) < 1e-12
        marks.append(_line(_LEFT, upwards(value), _LEFT + width, upwards(value), "#333" if is_zero else "#e4e4e4"))
        marks.append(_text(_LEFT - 6, upwards(value) + 3, decimal(factor * value + 0.0, language, digits=digits)))
    return marks


def _marked(figure: Figure, x: float, upwards: Callable[[float], float], colour: str) -> list[str]:
    """A figure as a point with its interval; nothing where it is not defined."""
    if figure.value is None:
        return []
    point = f'<circle cx="{x:.1f}" cy="{upwards(figure.value):.1f}" r="3" fill="{colour}"/>'
    if figure.low is None or figure.high is None:
        return [point]
    return [_line(x, upwards(figure.low), x, upwards(figure.high), colour), point]


def _levels(summary: MultiverseSummary, across: Callable[[int], float], below: float, width: float) -> list[str]:
    """One row for each wording, model and reading; a point where a specification has it."""
    marks = []
    for row, level in enumerate(summary.levels):
        y = below + _ROW * (row + 0.5)
        if row and summary.levels[row - 1].factor != level.factor:
            marks.append(_line(0, y - _ROW / 2, _LEFT + width, y - _ROW / 2, "#bbb"))
        title = level.title if len(level.title) <= _TITLE else f"{level.title[: _TITLE - 1]}…"
        marks.append(_text(_LEFT - 6, y + 3, f"{level.name} {title}".strip()))
        for place, one in enumerate(summary.specifications):
            colour = "#333" if _has(one, level.name) else "#ddd"
            marks.append(f'<circle cx="{across(place):.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')
    return marks


def _has(one: Specification, name: str) -> bool:
    return name in (one.wording, one.model, one.reading)


def _rect(x: float, y: float, width: float, height: float) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{_BAND}"/>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, *, dashes: str = "") -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"{dashed}/>'


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="10" text-anchor="end">{escape(text)}</text>'
