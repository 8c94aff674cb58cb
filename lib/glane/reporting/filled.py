"""A checklist filled with what is known: for each item what is recorded, or which command would record it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from glane.languages import plurals_in
from glane.reporting.facts import FACTS
from glane.reporting.items import Item, checklist
from glane.reporting.known import Known, Source
from glane.settings.checklists import ChecklistName
from glane.types import Language

State = Literal["told", "to_make", "authors"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """One item and what is known for it."""

    checklist: ChecklistName
    item: Item
    told: dict[Language, str]  # empty texts where nothing is recorded
    sources: tuple[Source, ...]  # that it is from
    to_make: tuple[Source, ...]  # commands that would tell more

    @property
    def state(self) -> State:
        """Whether something is recorded, would be after a command, or is the authors' to say."""
        if self.item.judged:
            return "authors"
        if any(self.told.values()):
            return "told"
        return "to_make" if self.to_make else "authors"


def filled(name: ChecklistName, known: Known) -> list[Filled]:
    """The items of a checklist in their order."""
    return [_filled(name, item, known) for item in checklist(name).items]


def _filled(name: ChecklistName, item: Item, known: Known) -> Filled:
    told: dict[Language, list[str]] = {"en": [], "fr": []}
    sources: dict[Source, None] = {}
    to_make: dict[Source, None] = {}
    for one in item.facts:
        fact = FACTS[one]
        found = fact.tell(known, "en")
        if found is None:
            if not known.has(fact.source):
                to_make[fact.source] = None
            continue
        sources[fact.source] = None
        told["en"].append(found)
        told["fr"].append(fact.tell(known, "fr") or "")
    texts: dict[Language, str] = {code: plurals_in(" ".join(found), code) for code, found in told.items()}
    return Filled(checklist=name, item=item, told=texts, sources=tuple(sources), to_make=tuple(to_make))
