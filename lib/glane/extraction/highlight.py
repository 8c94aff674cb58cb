"""Shows a document with its evidence marked, in a notebook."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A marked part of a text, [start, end) in code points, and its label."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class MarkedText:
    """A text that a notebook shows with its passages marked. Hovering over a passage shows its label."""

    text: str
    passages: Sequence[Passage]
    title: str = ""
    notice: str = ""  # above everything

    def _repr_html_(self) -> str:
        """HTML in which all document text is escaped. Where passages overlap, the mark has the labels of all."""
        bounds = sorted({0, len(self.text), *(place for one in self.passages for place in (one.start, one.end))})
        parts = []
        for start, end in pairwise(bounds):
            labels = [one.label for one in self.passages if one.start <= start and end <= one.end]
            shown = html.escape(self.text[start:end])
            parts.append(f'<mark title="{html.escape("; ".join(labels))}">{shown}</mark>' if labels else shown)
        notice = f"<p><strong>{html.escape(self.notice)}</strong></p>" if self.notice else ""
        title = f"<p><b>{html.escape(self.title)}</b></p>" if self.title else ""
        legend = "".join(
            f"<li>{html.escape(one.label)} <q>{html.escape(self.text[one.start : one.end])}</q></li>"
            for one in sorted(self.passages, key=lambda one: one.start)
        )
        style = "white-space: pre-wrap; max-width: 50em"
        return f'{notice}{title}<div style="{style}">{"".join(parts)}</div><ul style="font-size: smaller">{legend}</ul>'
