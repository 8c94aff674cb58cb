"""Draws the rooms of glane from the text of the map: `python -m glane_tools.room_map` writes docs/architecture.svg.

The text is the block in docs/architecture.md, which a test compares with the layers that the linter holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE, PICTURE = DOCS / "architecture.md", DOCS / "architecture.svg"
_LEFT, _TOP, _WIDTH, _HEIGHT, _GAP, _BESIDE = 70, 20, 720, 42, 9, 180
_COLOURS = ("#f3f4f6", "#dbeafe", "#dcfce7", "#fef9c3", "#fee2e2")
_BANDS = {"cli": 1, "cluster": 2, "run": 3, "records": 4}  # where a colour begins


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Rooms that stand beside each other, what each is for, and the libraries that only they may import."""

    rooms: tuple[str, ...]
    words: tuple[str, ...]
    libraries: str


def rooms_of_page() -> list[Row]:
    """The rows of the map, from the top, out of the text of its page."""
    block = PAGE.read_text(encoding="utf-8").split("```text\n", 1)[1].split("```", 1)[0]
    lines: list[str] = []
    for line in block.splitlines():
        if line.startswith(" "):
            lines[-1] += "  " + line.strip() if "  " not in lines[-1] else " " + line.strip()
        elif not line.startswith("─"):
            lines.append(line)
    return list(map(_row, lines))


def _row(line: str) -> Row:
    rooms, words, *libraries = [part.strip() for part in re.split(r"\s{2,}", line)]
    told = " ".join([words, *libraries])
    last = libraries[-1] if libraries and "|" not in libraries[-1] else ""
    words = told.removesuffix(last) if last else told
    return Row(rooms=_parts(rooms), words=_parts(words), libraries=last)


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split("|"))


def drawn(found: list[Row]) -> str:
    """The picture."""
    height = _TOP + len(found) * (_HEIGHT + _GAP) + 50
    width = _LEFT + _WIDTH + _BESIDE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="system-ui, sans-serif" font-size="14" role="img">',
        "<title>The rooms of glane</title>",
        "<desc>Layers from the command line at the top to types and errors at the bottom. A room imports only from "
        "layers below its own. The right column names the libraries that only this row may import.</desc>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
    ]
    band = 0
    for place, row in enumerate(found):
        band = _BANDS.get(row.rooms[0], band)
        parts += _boxes(row, _TOP + place * (_HEIGHT + _GAP), _COLOURS[band])
    below = _TOP + len(found) * (_HEIGHT + _GAP) + 16
    parts += [
        f'<text x="{_LEFT}" y="{below}" fill="#374151">Imports look down only; rooms of one row do not see each '
        "other.</text>",
        f'<text x="{_LEFT}" y="{below + 20}" fill="#374151">Beside the library: conf/, slurm/, notebooks/, tests/, '
        "lib/glane_tools/.</text>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _boxes(row: Row, top: int, colour: str) -> Iterator[str]:
    one = (_WIDTH - _GAP * (len(row.rooms) - 1)) / len(row.rooms)
    is_alone = len(row.rooms) == 1
    for place, (room, words) in enumerate(zip(row.rooms, row.words, strict=True)):
        left = _LEFT + place * (one + _GAP)
        yield (
            f'<rect x="{left:g}" y="{top}" width="{one:g}" height="{_HEIGHT}" rx="6" fill="{colour}" stroke="#6b7280"/>'
        )
        x, y = left + 12, top + (26 if is_alone else 18)
        yield f'<text x="{x:g}" y="{y}" font-weight="600" fill="#111827">{escape(room)}</text>'
        if is_alone:
            yield f'<text x="{_LEFT + 190}" y="{y}" fill="#374151">{escape(words)}</text>'
        else:
            size = min(13.0, (one - 18) / (0.56 * max(1, len(words))))
            yield f'<text x="{x:g}" y="{top + 34}" fill="#374151" font-size="{size:.1f}">{escape(words)}</text>'
    if row.libraries:
        yield f'<text x="{_LEFT + _WIDTH + 12}" y="{top + 26}" fill="#9a3412">{escape(row.libraries)}</text>'


def main() -> None:
    """The command."""
    PICTURE.write_text(drawn(rooms_of_page()), encoding="utf-8")


if __name__ == "__main__":
    main()
