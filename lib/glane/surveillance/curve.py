"""An epidemic curve as a drawing in HTML: bars of the model's counts, and corrected counts with their intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from glane.assess.estimate.chart import axis, leaning
from glane.assess.pages.page import Cell

_WIDTH, _HEIGHT, _LEFT, _BELOW = 860, 260, 56, 90
_LABELS = 26  # along the axis at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A period. `estimate`, `low` and `high` are None where nothing was reviewed; all counts are, where suppressed."""

    label: str
    model: float | None
    estimate: float | None
    low: float | None
    high: float | None
    is_incomplete: bool
    nowcast: tuple[float, float, float] | None = (
        None  # what is expected in the end, and its limits, of the model's counts
    )


def epidemic_curve(bars: Sequence[Bar], title: str, number: Callable[[float], str]) -> Cell:
    """Draw periods from left to right.

    Args:
        bars: At least one.
        title: What is drawn, for who hears the page.
        number: How a count is written.
    """
    top = max(max(one.model or 0, one.high or 0, one.estimate or 0, *(one.nowcast or ())) for one in bars) or 1
    step = max(_WIDTH / len(bars), 2.0)
    width, every = step * len(bars), -(-len(bars) // _LABELS)

    def upwards(value: float) -> float:
        return 10 + _HEIGHT * (1 - value / top)

    marks = [_PATTERN, axis(top, upwards, _LEFT, number)]
    for place, one in enumerate(bars):
        left, middle = _LEFT + step * place, _LEFT + step * (place + 0.5)
        fill = "url(#open)" if one.is_incomplete else "#b9c4d0"
        if one.model is None:  # a cross, at the same height for all
            marks.append(
                f'<text x="{middle:.1f}" y="{upwards(0) - 4:.1f}" text-anchor="middle" font-size="11">×</text>'
            )
        else:
            marks.append(
                f'<rect x="{left + step * 0.1:.1f}" y="{upwards(one.model):.1f}" width="{step * 0.8:.1f}" '
                f'height="{upwards(0) - upwards(one.model):.1f}" fill="{fill}"/>'
            )
            if one.nowcast is not None:
                marks.append(_expected(one.model, one.nowcast, left + step * 0.1, step * 0.8, upwards))
        if one.estimate is not None and one.low is not None and one.high is not None:
            colour = "#8fb1d3" if one.is_incomplete else "#1f5f99"
            marks.append(
                f'<line x1="{middle:.1f}" x2="{middle:.1f}" y1="{upwards(one.low):.1f}" y2="{upwards(one.high):.1f}" '
                f'stroke="{colour}" stroke-width="1.5"/>'
                f'<circle cx="{middle:.1f}" cy="{upwards(one.estimate):.1f}" r="{min(3.0, step / 2):.1f}" '
                f'fill="{colour}"/>'
            )
        if place % every == 0:
            marks.append(leaning(one.label, middle, _HEIGHT + 24))
    across, down = round(_LEFT + width + 10), _HEIGHT + _BELOW
    return Cell(
        '<div class="wide" tabindex="0">'
        f'<svg width="{across}" height="{down}" viewBox="0 0 {across} {down}" role="img">'
        f"<title>{escape(title)}</title>{''.join(marks)}</svg></div>"
    )


def _expected(
    model: float, nowcast: tuple[float, float, float], left: float, width: float, upwards: Callable[[float], float]
) -> str:
    """What is still to come on top of a bar, and its interval as a band of its own."""
    expected, low, high = nowcast
    return (
        f'<rect x="{left + width * 0.3:.1f}" y="{upwards(high):.1f}" width="{width * 0.4:.1f}" '
        f'height="{max(upwards(low) - upwards(high), 1):.1f}" fill="#e8a33d" fill-opacity="0.4"/>'
        f'<rect x="{left:.1f}" y="{upwards(expected):.1f}" width="{width:.1f}" '
        f'height="{upwards(model) - upwards(expected):.1f}" fill="none" stroke="#a8681a" stroke-dasharray="3 2"/>'
    )


_PATTERN = (
    '<defs><pattern id="open" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="5" height="5" fill="#eef1f4"/><line x1="0" y1="0" x2="0" y2="5" stroke="#b9c4d0" stroke-width="2"/>'
    "</pattern></defs>"
)
