"""What somebody should look at before a result is used: rows with signs that a value is not the document's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from glane.task.signs import MARKS, SIGNS, Sign
from glane.validation import Strict

_SHOWN = 5  # fields


class Attention(Strict):
    """The usable rows with one of the signs, and how many of them each field (or rule) concerns."""

    sign: Sign
    rows: int
    usable: int  # all usable rows of the run
    by: dict[str, int]  # the most frequent first

    @property
    def share(self) -> float:
        """The share of usable rows with the sign, 0 to 1."""
        return self.rows / self.usable if self.usable else 0.0


def attention(rows: Mapping[Sign, int], by: Mapping[Sign, Counter[str]], *, usable: int) -> tuple[Attention, ...]:
    """The signs that occur."""
    return tuple(
        Attention(sign=sign, rows=rows[sign], usable=usable, by=dict(by[sign].most_common()))
        for sign in SIGNS
        if rows.get(sign)
    )


def attention_lines(found: tuple[Attention, ...], *, above: float) -> list[str]:
    """A sentence for each sign that more than a share of the usable rows have. Marks are no reason to warn."""
    lines = [
        f"{one.rows} of {one.usable} usable rows {SIGNS[one.sign]} ({_most(one.by)})"
        for one in found
        if one.share > above and one.sign not in MARKS
    ]
    if lines:
        lines.append("look at some documents with preview=10, and review a random sample, before you use these rows")
    return lines


def _most(by: Mapping[str, int]) -> str:
    shown = [f"{name} {count}" for name, count in list(by.items())[:_SHOWN]]
    return ", ".join([*shown, *(["..."] if len(by) > _SHOWN else [])])
