"""A map of France of equal squares, one for each department: small ones are seen as well as large ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from types import MappingProxyType

import numpy as np

from glane.assess.pages.page import Cell
from glane.settings.table import Level
from glane.surveillance.places import departments, names

_SIDE, _GAP = 46, 3
_COLOURS = ("#eff3fa", "#c6d9ec", "#8fb8dc", "#4f8fc3", "#1f5f99")  # from few to many
_DARK = 3  # from this colour on, letters are white
_EMPTY = "#e3e3e3"


def tile_map(
    values: Mapping[str, float | None],
    level: Level,
    title: str,
    number: Callable[[float], str],
    *,
    nothing: str,
    outside: str,
    hidden: Mapping[str, str] = MappingProxyType({}),
) -> Cell:
    """Draw a figure of each department, or of each region in all of its departments.

    Args:
        values: By code; None: there is no document. A place without its code is not of the table.
        level: Of the codes.
        title: What is drawn, for who hears the page.
        number: How a figure is written.
        nothing: What is written of a place without a document.
        outside: What is written of a place that the table does not cover.
        hidden: What is written of places whose figure is suppressed, by code.
    """
    told = [value for value in values.values() if value is not None]
    cuts = _cuts(told)
    called = names(level)
    marks = []
    for code, one in departments().items():
        place = code if level == "department" else one.region
        value = values.get(place)
        colour = None if value is None else int(np.searchsorted(cuts, value, side="right"))
        x, y = one.column * (_SIDE + _GAP), one.row * (_SIDE + _GAP)
        letters = "#fff" if colour is not None and colour >= _DARK else "#1b1b1b"
        written = hidden.get(place, nothing if place in values else outside) if value is None else number(value)
        shown = ("×" if place in hidden else "–" if place in values else "") if value is None else number(value)
        marks.append(
            f"<g><title>{escape(f'{place} {called[place]}: {written}')}</title>"
            f'<rect x="{x}" y="{y}" width="{_SIDE}" height="{_SIDE}" rx="3" '
            f'fill="{_EMPTY if colour is None else _COLOURS[colour]}"/>'
            f'<text x="{x + _SIDE / 2}" y="{y + 18}" text-anchor="middle" font-size="12" fill="{letters}">{code}</text>'
            f'<text x="{x + _SIDE / 2}" y="{y + 35}" text-anchor="middle" font-size="10" fill="{letters}">'
            f"{escape(shown)}</text></g>"
        )
    width = (max(one.column for one in departments().values()) + 1) * (_SIDE + _GAP)
    height = (max(one.row for one in departments().values()) + 1) * (_SIDE + _GAP)
    return Cell(
        '<div class="wide" tabindex="0">'
        f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">'
        f"<title>{escape(title)}</title>{''.join(marks)}</svg></div>"
    )


def _cuts(values: list[float]) -> list[float]:
    """The lower ends of all colours but the first: 0 alone is the palest, the others have as many places each."""
    above = [value for value in values if value > 0]
    if not above:
        return [float("inf")] * (len(_COLOURS) - 1)
    shares = np.linspace(0, 1, len(_COLOURS))[:-1]
    return [float(cut) for cut in np.quantile(above, shares)]
