"""Passages that a model reads together: which, in which order, and how they are written.

Order is by digests of the documents' ids, so that the same documents give the same bundles in whatever order they came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from glane.briefs.ids import digest
from glane.briefs.record import Quote


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """Numbered passages, and where each stands in the text that is read."""

    id: str
    quotes: tuple[Quote, ...]
    text: str
    starts: tuple[int, ...]

    def holding(self, start: int, end: int) -> Quote | None:
        """The passage that holds a place of the text; None if none does."""
        for quote, at in zip(self.quotes, self.starts, strict=True):
            if at <= start < end <= at + len(quote.text):
                return quote
        return None

    def numbered(self, numbers: Iterable[int]) -> list[Quote]:
        """The passages of these numbers, each once; numbers that there are not are left out."""
        known = {one.number: one for one in self.quotes}
        return [known[one] for one in dict.fromkeys(numbers) if one in known]


def place_key(quote: Quote) -> str:
    """What tells a passage from all others."""
    return f"{quote.document}\n{quote.start}\n{quote.end}"


def in_order(documents: Iterable[str]) -> list[str]:
    """Documents in the order in which they are read: that of digests of their ids."""
    return sorted(documents, key=lambda one: (digest([one]), one))


def bundled(quotes: Iterable[Quote], size: int) -> Iterator[Bundle]:
    """Bundles of at most `size` passages, in the order in which these come. One bundle at a time is in memory."""
    part: list[Quote] = []
    for one in quotes:
        part.append(one.model_copy(update={"number": len(part) + 1}))
        if len(part) == size:
            yield bundle(part)
            part = []
    if part:
        yield bundle(part)


def bundle(quotes: Sequence[Quote]) -> Bundle:
    """The text of passages, each under a line with its number, day and place."""
    text, starts = "", []
    for one in quotes:
        day = "" if one.day is None else one.day.isoformat()
        told = " · ".join(filter(None, [f"[{one.number}]", day, one.place]))
        text += ("\n\n" if text else "") + f"{told}\n"
        starts.append(len(text))
        text += one.text
    return Bundle(id=digest(map(place_key, quotes)), quotes=tuple(quotes), text=text, starts=tuple(starts))
