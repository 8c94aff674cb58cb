"""A page of HTML that needs nothing beside itself, on screen and on paper, in French and English."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from html import escape

from glane.assess.rounding import outward
from glane.languages import numbers_in
from glane.toys import notice
from glane.types import Language, Toy

# The choice of language is two radio buttons: no script is needed, and paper shows what the screen shows.
_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1b1b1b; background: #fff; margin: 2rem auto; max-width: 74rem;
  padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; border-bottom: 1px solid #bbb; }
h3 { font-size: 1rem; margin-bottom: .3rem; } p { overflow-wrap: anywhere; }
table { border-collapse: collapse; margin: .6rem 0 1rem; font-variant-numeric: tabular-nums; font-size: .9rem; }
th, td { padding: .2rem .6rem; text-align: right; border-bottom: 1px solid #ddd; vertical-align: top; }
th { border-bottom: 1px solid #555; font-weight: 600; } .text { text-align: left; overflow-wrap: break-word; }
tr.total td { font-weight: 600; border-bottom: 1px solid #555; }
.range { color: #555; white-space: nowrap; } .note { color: #444; max-width: 46rem; }
.warning { border: 2px solid #a33; padding: .4rem .8rem; font-weight: 600; }
.wide { overflow-x: auto; } svg { vertical-align: middle; }
@media screen and (max-width: 40rem) { .prose thead { display: none; }
  .prose table, .prose tbody, .prose tr, .prose td { display: block; } .prose td { border: 0; padding: .1rem 0; }
  .prose tr { border-bottom: 1px solid #bbb; padding: .5rem 0; }
  .prose td:not(:empty)::before { content: attr(data-head) " – "; color: #555; } }
article { display: none; } #fr:checked ~ article[lang=fr], #en:checked ~ article[lang=en] { display: block; }
@page { size: A4 landscape; margin: 10mm; }
@media print { body { font-size: 9pt; margin: 0; max-width: none; } .choice { display: none; }
  tr, h3 { break-inside: avoid; } thead { display: table-header-group; }
  table { font-size: 8pt; } th, td { padding: .15rem .4rem; } h2, h3 { break-after: avoid; }
  .wide { overflow: visible; } }
"""


def page(title: str, body: Callable[[Language], str], *, language: Language, toy: Toy | None = None) -> str:
    """Return a page whose body is there in both languages; it opens in `language`.

    `toy` is said first: what the page tells is then of no real model.
    """
    choices = "".join(
        f'<input type="radio" name="language" id="{code}"{" checked" if code == language else ""} class="choice">'
        f'<label for="{code}" class="choice">{label}</label> '
        for code, label in (("fr", "français"), ("en", "English"))
    )
    bodies = "".join(f'<article lang="{code}">{_warning(toy, code)}{body(code)}</article>' for code in ("fr", "en"))
    return (
        f'<!doctype html>\n<html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head>\n<body><main>{choices}{bodies}</main></body></html>\n"
    )


def _warning(toy: Toy | None, language: Language) -> str:
    return "" if toy is None else warning(notice(toy, language))


class Cell(str):
    """Markup that is ready; every other string is escaped."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, total_rows: int = 0, text_columns: int = 1) -> str:
    """Return a table whose first `text_columns` columns are words, and whose first `total_rows` rows are totals."""
    titles = "".join(_cell(one, "th", is_text=at < text_columns) for at, one in enumerate(head))
    lines = [f"<thead><tr>{titles}</tr></thead>"] if any(head) else []
    for number, row in enumerate(rows):
        cells = [_cell(one, "td", is_text=at < text_columns) for at, one in enumerate(row)]
        start = '<tr class="total">' if number < total_rows else "<tr>"
        lines.append(f"{start}{''.join(cells)}</tr>")
    return f'<div class="wide" tabindex="0"><table>{"".join(lines)}</table></div>'


def prose_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose columns are all words: on a narrow screen its cells stand below each other."""
    titles = "".join(_cell(one, "th", is_text=True) for one in head)
    lines = [f"<thead><tr>{titles}</tr></thead>"]
    for row in rows:
        cells = zip(head, row, strict=True)
        told = "".join(f'<td class="text" data-head="{escape(name)}">{_escaped(one)}</td>' for name, one in cells)
        lines.append(f"<tr>{told}</tr>")
    return f'<div class="wide prose" tabindex="0"><table>{"".join(lines)}</table></div>'


def heading(text: str, level: int = 2) -> str:
    """A heading."""
    return f"<h{level}>{escape(text)}</h{level}>"


def paragraph(text: str) -> str:
    """A paragraph of explanation."""
    return f'<p class="note">{escape(text)}</p>'


def warning(text: str) -> str:
    """What a reader must know before all else."""
    return f'<p class="warning">{escape(text)}</p>'


def decimal(value: float | None, language: Language, *, digits: int = 3) -> str:
    """A number as the language writes it; a dash where it is not defined."""
    if value is None:
        return "–"
    return numbers_in(f"{value:,.{digits}f}".replace("-", "−"), language)


def with_range(value: float | None, ends: Sequence[float] | None, language: Language, *, digits: int = 3) -> Cell:
    """A number and its interval."""
    shown = escape(decimal(value, language, digits=digits))
    if ends is None or value is None:
        return Cell(shown)
    low, high = (decimal(end, language, digits=digits) for end in outward(ends[0], ends[1], digits))
    between = " ; " if language == "fr" else ", "
    return Cell(f'{shown} <span class="range">[{low}{between}{high}]</span>')


def bar(value: float | None, ends: Sequence[float] | None) -> Cell:
    """A value between 0 and 1 as a point on a line, with its interval."""
    if value is None:
        return Cell("")
    low, high = ends or (value, value)
    width = 120
    marks = (
        f'<line x1="0" y1="8" x2="{width}" y2="8" stroke="#ddd"/>'
        f'<line x1="{width * low:.1f}" y1="8" x2="{width * high:.1f}" y2="8" stroke="#1f5f99" stroke-width="3"/>'
        f'<circle cx="{width * value:.1f}" cy="8" r="4" fill="#1f5f99"/>'
    )
    return Cell(f'<svg width="{width + 8}" height="16" viewBox="-4 0 {width + 8} 16" aria-hidden="true">{marks}</svg>')


def _cell(text: str, tag: str, *, is_text: bool) -> str:
    kind = ' class="text"' if is_text else ""
    return f"<{tag}{kind}>{_escaped(text)}</{tag}>"


def _escaped(text: str) -> str:
    return text if isinstance(text, Cell) else escape(str(text))
