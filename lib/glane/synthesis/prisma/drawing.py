"""The diagram: one column that a narrow screen holds, with what leaves the flow beside the line down."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from glane.assess.pages.page import Cell
from glane.synthesis.prisma.boxes import Box
from glane.synthesis.prisma.words import WORDS
from glane.types import Language

_WIDTH, _INDENT, _TRUNK = 322, 34, 16
_LINE, _PAD, _GAP, _PHASE = 17, 8, 14, 22
_LETTER = 7.2  # of the widest usual text at this size
_COLOURS = {True: ("#f6f1e7", "#b98a2b"), False: ("#eaf1f8", "#1f5f99")}


@dataclass(frozen=True, slots=True)
class _Placed:
    box: Box
    lines: list[tuple[str, bool]]
    y: int
    begins: bool  # a phase

    @property
    def height(self) -> int:
        return len(self.lines) * _LINE + 2 * _PAD


def diagram(told: Sequence[Box], language: Language) -> Cell:
    """The boxes as a drawing."""
    placed = list(_placed(told))
    marks = [*_flow(placed)]
    for one in placed:
        if one.begins:
            name = escape(WORDS[language][one.box.phase])
            marks.append(f'<text x="{_INDENT}" y="{one.y - 7}" font-weight="600" fill="#444">{name}</text>')
        marks.extend(_box(one.box, one.lines, one.y, one.height))
    height, title = placed[-1].y + placed[-1].height + 2, escape(WORDS[language]["title"])
    return Cell(
        f'<svg width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}" role="img" '
        f'font-size="13" style="max-width:100%;height:auto"><title>{title}</title>{"".join(marks)}</svg>'
    )


def _placed(told: Sequence[Box]) -> Iterator[_Placed]:
    y, phase = 0, ""
    for box in told:
        begins, phase = box.phase != phase, box.phase
        y += _PHASE if begins else 0
        one = _Placed(box, _lines(box), y, begins)
        yield one
        y += one.height + _GAP


def _flow(placed: Sequence[_Placed]) -> Iterator[str]:
    """The line down from box to box, and those to what leaves."""
    mains = [one for one in placed if not one.box.is_side]
    for first, second in itertools.pairwise(mains):
        yield _line(_TRUNK, first.y + first.height, _TRUNK, second.y)
        yield f'<path d="M {_TRUNK - 4} {second.y - 6} l 4 6 l 4 -6" fill="none" stroke="#666"/>'
    for one in placed:
        if one.box.is_side:
            yield _line(_TRUNK, one.y + one.height // 2, _INDENT, one.y + one.height // 2)


def _lines(box: Box) -> list[tuple[str, bool]]:
    """Lines of a box, and whether each is of its title."""
    room = int(((_WIDTH - (_INDENT if box.is_side else 0)) - 2 * _PAD) / _LETTER)
    title = textwrap.wrap(box.title, room)
    parts = [line for part in box.parts for line in textwrap.wrap(part, room - 2, subsequent_indent="  ")]
    return [*((line, True) for line in title), *((line, False) for line in parts)]


def _box(box: Box, lines: Sequence[tuple[str, bool]], y: int, height: int) -> Iterator[str]:
    x = _INDENT if box.is_side else 0
    fill, stroke = _COLOURS[box.is_side]
    size = f'width="{_WIDTH - x - 2}" height="{height}"'
    yield f'<rect x="{x + 1}" y="{y}" {size} rx="4" fill="{fill}" stroke="{stroke}"/>'
    for at, (text, is_title) in enumerate(lines):
        weight = ' font-weight="600"' if is_title else ""
        left = x + _PAD + (0 if is_title else 8)
        yield (
            f'<text x="{left}" y="{y + _PAD + 13 + at * _LINE}" fill="#1b1b1b"{weight}>{escape(text.strip())}</text>'
        )


def _line(x1: int, y1: int, x2: int, y2: int) -> str:
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#666"/>'
