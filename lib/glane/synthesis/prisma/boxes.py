"""The boxes of the diagram, from the first to the last: what is drawn, and what Markdown says."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from glane.assess.pages.page import decimal
from glane.languages import numbers_in
from glane.synthesis.prisma.record import Assessed, Identified, PrismaFlow, Screened
from glane.synthesis.prisma.words import WORDS
from glane.types import Language

Phase = Literal["identification", "screening", "included"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box: its first line, and what it is made of. A side box is what leaves the flow."""

    phase: Phase
    title: str
    parts: tuple[str, ...] = ()
    is_side: bool = False


def boxes(flow: PrismaFlow, language: Language) -> list[Box]:
    """All boxes, in order."""
    teller = _Teller(language)
    return [*_identified(flow.identified, teller), *_screened(flow.screened, teller), *_assessed(flow.assessed, teller)]


@dataclass(frozen=True, slots=True)
class _Teller:
    language: Language

    def __call__(self, name: str, number: int | None, /, **places: str) -> str:
        words = WORDS[self.language]
        told = words["unknown"] if number is None else numbers_in(f"{number:,}", self.language)
        return words[name].format(n=told, **places)

    def named(self, name: str, counts: Mapping[str, int], nothing: str) -> Iterator[str]:
        for key, number in counts.items():
            yield self(name, number, name=key or WORDS[self.language][nothing])


def _identified(told: Identified | None, say: _Teller) -> Iterator[Box]:
    if told is None:
        yield Box(phase="identification", title=say("records", None))
        yield Box(phase="identification", title=say("removed", None), is_side=True)
        return
    sources = tuple(say.named("source", told.by_source, "no_source"))
    yield Box(phase="identification", title=say("records", told.total), parts=sources)
    parts = (("exact", told.exact), ("near", told.near), ("unreadable", told.unreadable), ("other", told.other))
    removed = sum(number or 0 for _, number in parts)
    yield Box(
        phase="identification", title=say("removed", removed), is_side=True,
        parts=tuple(say(name, number) for name, number in parts if number != 0),
    )  # fmt: skip


def _screened(told: Screened, say: _Teller) -> Iterator[Box]:
    yield Box(phase="screening", title=say("screened", told.records))
    if told.by == "people":
        ends = {
            "recall": decimal(_floor(told.recall), say.language),
            "certainty": decimal(told.certainty, say.language, digits=2),
        }
        parts = [say("by_people", told.excluded_by_people)]
        if told.excluded_unread is not None:
            parts.append(say("unread", told.excluded_unread, **ends))
    else:
        parts = [say("by_model", told.excluded_by_model)]
    excluded = sum(one or 0 for one in (told.excluded_by_people, told.excluded_unread, told.excluded_by_model))
    yield Box(phase="screening", title=say("excluded", excluded), parts=tuple(parts), is_side=True)
    if told.waiting:
        yield Box(phase="screening", title=say("waiting_screening", told.waiting), is_side=True)
    unsure = [("unclear", told.unclear), ("no_answer", told.without_answer if told.by == "model" else None)]
    yield Box(
        phase="screening", title=say("sought", told.sought),
        parts=tuple(say(name, number) for name, number in unsure if number),
    )  # fmt: skip


def _assessed(told: Assessed | None, say: _Teller) -> Iterator[Box]:
    if told is None:
        yield Box(phase="screening", title=say("assessed", None))
        yield Box(phase="included", title=say("reports", None))
        yield Box(phase="included", title=say("studies", None))
        return
    absent = (say("absent", told.not_retrieved), say("no_text", told.unreadable))
    lost = told.not_retrieved + told.unreadable
    yield Box(phase="screening", title=say("not_retrieved", lost), parts=absent if lost else (), is_side=True)
    yield Box(
        phase="screening", title=say("assessed", told.assessed), parts=(say("decided", told.decided_by_people),)
    )  # fmt: skip
    reasons = tuple(say.named("reason", told.reasons, "no_reason"))
    yield Box(phase="screening", title=say("excluded_full", told.excluded), parts=reasons, is_side=True)
    if told.waiting:
        yield Box(phase="screening", title=say("waiting", told.waiting), is_side=True)
    yield Box(phase="included", title=say("reports", told.included))
    yield Box(phase="included", title=say("studies", told.studies))


def _floor(share: float | None) -> float | None:
    """What is told as "at least" is not rounded up."""
    return None if share is None else math.floor(share * 1000) / 1000
