"""The chart of a table by group: what the model says, the corrected figures, and their limits, as a drawing in HTML."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from glane.assess.estimate.record import Estimate
from glane.assess.pages.page import Cell

_WIDTH, _HEIGHT, _LEFT, _BELOW = 860, 260, 56, 70
_LABELS = 16  # along the axis at most


def chart(found: Sequence[Estimate], label: Callable[[object], str]) -> Cell:
    """Draw the groups from left to right. A group without an estimate leaves a gap."""
    top = max([one.band_high or one.high or one.estimate or 0 for one in found] + [one.model or 0 for one in found])
    step = _WIDTH / len(found)

    def across(place: float) -> float:
        return _LEFT + step * (place + 0.5)

    def upwards(value: float) -> float:
        return 10 + _HEIGHT * (1 - value / (top or 1))

    marks = [_axis(top, upwards)]
    for place, one in enumerate(found):
        if one.band_low is not None and one.band_high is not None:
            marks.append(
                f'<rect x="{across(place) - step / 2:.1f}" y="{upwards(one.band_high):.1f}" width="{step:.1f}" '
                f'height="{upwards(one.band_low) - upwards(one.band_high):.1f}" fill="#dbe7f2"/>'
            )
    for place, one in enumerate(found):
        if one.model is not None:
            marks.append(
                f'<line x1="{across(place) - step * 0.4:.1f}" x2="{across(place) + step * 0.4:.1f}" '
                f'y1="{upwards(one.model):.1f}" y2="{upwards(one.model):.1f}" stroke="#777" stroke-width="2"/>'
            )
        if one.estimate is not None and one.low is not None and one.high is not None:
            marks.append(
                f'<line x1="{across(place):.1f}" x2="{across(place):.1f}" y1="{upwards(one.low):.1f}" '
                f'y2="{upwards(one.high):.1f}" stroke="#1f5f99"/>'
                f'<circle cx="{across(place):.1f}" cy="{upwards(one.estimate):.1f}" r="3" fill="#1f5f99"/>'
            )
        if place % -(-len(found) // _LABELS) == 0:
            marks.append(
                f'<text x="{across(place):.1f}" y="{_HEIGHT + 24}" font-size="10" text-anchor="end" '
                f'transform="rotate(-35 {across(place):.1f} {_HEIGHT + 24})">{escape(label(one.group)[:18])}</text>'
            )
    width, height = _WIDTH + _LEFT + 10, _HEIGHT + _BELOW
    return Cell(
        f'<div class="wide"><svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">'
        f"{''.join(marks)}</svg></div>"
    )


def _axis(top: float, upwards: Callable[[float], float]) -> str:
    """Lines at round values: steps of 1, 2 or 5 times a power of ten, at most six of them."""
    if top <= 0:
        return ""
    power = 10 ** math.floor(math.log10(top / 5))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor * 6 >= top)
    lines = []
    for number in range(int(top / step) + 1):
        at = upwards(number * step)
        lines.append(
            f'<line x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{at:.1f}" y2="{at:.1f}" stroke="#e4e4e4"/>'
            f'<text x="{_LEFT - 6}" y="{at + 3:.1f}" font-size="10" text-anchor="end">{number * step:.4g}</text>'
        )
    return "".join(lines)
