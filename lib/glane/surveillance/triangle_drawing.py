"""A reporting triangle as a drawing in HTML: a row for each period, a column for each delay, darker where more came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from glane.assess.pages.page import Cell

_WIDE, _HIGH, _LEFT, _TOP = 44, 20, 150, 26
_PALE, _DARK = (239, 243, 250), (31, 95, 153)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A period: its cases by delay; None where nothing can be in yet."""

    label: str
    counts: Sequence[int | None]
    is_whole: Sequence[bool]  # whether all of them are in


def triangle_drawing(lines: Sequence[Line], heads: Sequence[str], title: str, number: Callable[[float], str]) -> Cell:
    """Draw periods from above.

    Args:
        lines: At least one.
        heads: Over the columns.
        title: What is drawn, for who hears the page.
        number: How a count is written.
    """
    most = max((count or 0 for one in lines for count in one.counts), default=0) or 1
    marks = [_text(head, _LEFT + _WIDE * (at + 0.5), _TOP - 8, "#444") for at, head in enumerate(heads)]
    for down, one in enumerate(lines):
        y = _TOP + _HIGH * down
        label = escape(one.label)
        marks.append(f'<text x="{_LEFT - 8}" y="{y + 14}" font-size="11" text-anchor="end">{label}</text>')
        for across, (count, whole) in enumerate(zip(one.counts, one.is_whole, strict=True)):
            if count is not None:
                marks.append(_cell(count, count / most, _LEFT + _WIDE * across, y, number, is_whole=whole))
    width, height = _LEFT + _WIDE * len(heads) + 10, _TOP + _HIGH * len(lines) + 6
    return Cell(
        '<div class="wide" tabindex="0">'
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">'
        f"<title>{escape(title)}</title>{''.join(marks)}</svg></div>"
    )


def _cell(count: int, share: float, x: float, y: float, number: Callable[[float], str], *, is_whole: bool) -> str:
    """One count; with a dashed edge where more of it may come."""
    colour = "#" + "".join(f"{round(low + (high - low) * share):02x}" for low, high in zip(_PALE, _DARK, strict=True))
    edge = "" if is_whole else ' stroke="#777" stroke-dasharray="3 2"'
    letters = "#fff" if share > 0.8 else "#1b1b1b"
    box = f'<rect x="{x + 1}" y="{y + 1}" width="{_WIDE - 2}" height="{_HIGH - 2}" fill="{colour}"{edge}/>'
    return box + _text(number(count), x + _WIDE / 2, y + 14, letters)


def _text(text: str, x: float, y: float, colour: str) -> str:
    return f'<text x="{x}" y="{y}" font-size="10" text-anchor="middle" fill="{colour}">{escape(text)}</text>'
