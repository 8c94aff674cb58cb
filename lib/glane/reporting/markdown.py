"""A filled list as Markdown, to be completed by hand."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from glane.reporting.filled import Filled
from glane.reporting.items import checklist
from glane.reporting.page import told_for
from glane.reporting.words import WORDS
from glane.settings.checklists import ChecklistName
from glane.toys import notice
from glane.types import Language, Toy


def as_markdown(name: ChecklistName, items: Sequence[Filled], *, toy: Toy | None, language: Language) -> str:
    """The list with a place to write under each item; nothing of documents."""
    words, told = WORDS[language], checklist(name)
    parts = [f"# {told.name[language]} – {told.about[language]}", words["how"]]
    parts += [] if toy is None else [f"**{notice(toy, language)}**"]
    for section, of_it in groupby(items, lambda one: one.item.section):
        parts.append(f"## {words[f'{section}_section']}")
        for one in of_it:
            parts.append(f"### {one.item.item}. {one.item.asks(language)}")
            parts += [f"> {_escaped(known)}" for known in [told_for(one, language)] if known]
            parts.append(words["to_complete"])
    return "\n\n".join(parts) + "\n"


def _escaped(text: str) -> str:
    """A text whose names of columns and files are shown as they are."""
    for mark in "\\`*_<>#|[]":
        text = text.replace(mark, f"\\{mark}")
    return text
