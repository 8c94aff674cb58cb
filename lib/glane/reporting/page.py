"""Filled checklists as one page, in French and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from glane.assess.pages.page import heading, page, paragraph, prose_table
from glane.reporting.filled import Filled
from glane.reporting.items import checklist
from glane.reporting.words import WORDS
from glane.settings.checklists import ChecklistName
from glane.types import Language, Toy


def checklists_page(lists: Mapping[ChecklistName, Sequence[Filled]], *, toy: Toy | None, language: Language) -> str:
    """The page; it leads nowhere."""

    def body(code: Language) -> str:
        words = WORDS[code]
        parts = [heading(words["title"], 1), paragraph(words["how"])]
        for name, items in lists.items():
            told = checklist(name)
            parts += [heading(f"{told.name[code]} – {told.about[code]}"), paragraph(_counted(items, code))]
            head = [words[one] for one in ("item", "section", "asks", "state", "told")]
            parts.append(prose_table(head, [_row(one, code) for one in items]))
        return "".join(parts)

    return page(" / ".join(WORDS[code]["title"] for code in ("fr", "en")), body, language=language, toy=toy)


def _counted(items: Sequence[Filled], language: Language) -> str:
    """How many items are told, in a sentence."""
    states = [one.state for one in items]
    num = {state: states.count(state) for state in ("told", "to_make", "authors")}
    return WORDS[language]["count"].format(all=len(items), **num)


def told_for(one: Filled, language: Language) -> str:
    """What is recorded for an item, and after which commands there would be more."""
    more = WORDS[language]["to_make"].format(commands=", glane ".join(one.to_make)) if one.to_make else ""
    return " ".join(filter(None, [one.told[language], more]))


def _row(one: Filled, language: Language) -> list[str]:
    words = WORDS[language]
    section = words[f"{one.item.section}_section"]
    return [one.item.item, section, one.item.asks(language), words[f"state_{one.state}"], told_for(one, language)]
