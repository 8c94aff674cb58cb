"""The chart of a table by group: what the model says, the corrected figures, and their limits, as a drawing in HTML."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from glane.assess.estimate.record import Estimate
from glane.assess.pages.page import Cell

_WIDTH, _HEIGHT, _LEFT = 860, 260, 56
_LABELS = 16  # along the axis at most
_LONGEST = 48  # letters of a label; a longer one is cut, and told in full where the pointer rests on it
_LETTER, _SLOPE = 5.8, math.radians(35)  # the width of a letter of size 10, at most; how labels lean


def chart(
    found: Sequence[Estimate], title: str, label: Callable[[object], str], number: Callable[[float], str]
) -> Cell:
    """Draw the groups from left to right. A group without an estimate leaves a gap.

    Args:
        found: One estimate for each group.
        title: What is drawn, for who hears the page.
        label: How a group is written.
        number: How a figure is written.
    """
    top = max([one.band_high or one.high or one.estimate or 0 for one in found] + [one.model or 0 for one in found])
    step = _WIDTH / len(found)
    labels = {place: label(found[place].group) for place in range(0, len(found), -(-len(found) // _LABELS))}
    lengths = {place: _LETTER * min(len(text), _LONGEST) for place, text in labels.items()}
    left = max(_LEFT, *(math.cos(_SLOPE) * length - step * (place + 0.5) + 4 for place, length in lengths.items()))
    below = 40 + math.sin(_SLOPE) * max(lengths.values())

    def across(place: float) -> float:
        return left + step * (place + 0.5)

    def upwards(value: float) -> float:
        return 10 + _HEIGHT * (1 - value / (top or 1))

    marks = [axis(top, upwards, left, number)]
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
        if place in labels:
            marks.append(leaning(labels[place], across(place), _HEIGHT + 24))
    width, height = round(_WIDTH + left + 10), round(_HEIGHT + below)
    return Cell(
        '<div class="wide" tabindex="0">'
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">'
        f"<title>{escape(title)}</title>{''.join(marks)}</svg></div>"
    )


def leaning(label: str, x: float, y: float) -> str:
    """A label that leans to its left, downwards."""
    shown = label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"
    return (
        f'<text x="{x:.1f}" y="{y}" font-size="10" text-anchor="end" transform="rotate(-35 {x:.1f} {y})">'
        f"<title>{escape(label)}</title>{escape(shown)}</text>"
    )


def axis(top: float, upwards: Callable[[float], float], left: float, written: Callable[[float], str]) -> str:
    """Lines at round values: steps of 1, 2 or 5 times a power of ten, at most six of them."""
    if top <= 0:
        return ""
    power = 10 ** math.floor(math.log10(top / 5))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor * 6 >= top)
    lines = []
    for number in range(int(top / step) + 1):
        at, shown = upwards(number * step), escape(written(number * step))
        lines.append(
            f'<line x1="{left:.1f}" x2="{left + _WIDTH:.1f}" y1="{at:.1f}" y2="{at:.1f}" stroke="#e4e4e4"/>'
            f'<text x="{left - 6:.1f}" y="{at + 3:.1f}" font-size="10" text-anchor="end">{shown}</text>'
        )
    return "".join(lines)
