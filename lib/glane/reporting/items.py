"""The items of reporting checklists and papers, as the YAML files beside this one tell them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import field_validator

from glane.reporting.facts import FACTS
from glane.settings.checklists import ChecklistName
from glane.types import Language
from glane.validation import Strict, validated

Section = Literal[
    "title", "abstract", "introduction", "methods", "results", "discussion", "other",
    "context", "principles", "risks", "measures", "decision", "flow", "model", "use", "evaluation", "data",
]  # fmt: skip


class Item(Strict):
    """One item: what has to be told, and which facts of a run belong there. Without any, people tell it."""

    item: str
    section: Section
    en: str
    fr: str
    facts: tuple[str, ...] = ()
    judged: bool = False  # people say it, whatever is recorded: the facts are of help

    @field_validator("facts")
    @classmethod
    def _known(cls, facts: tuple[str, ...]) -> tuple[str, ...]:
        if strange := [one for one in facts if one not in FACTS]:
            raise ValueError(f"{strange[0]} is no fact. Valid: {', '.join(FACTS)}")
        return facts

    def asks(self, language: Language) -> str:
        """What has to be reported, in a few words."""
        return self.fr if language == "fr" else self.en


class Checklist(Strict):
    """A reporting guideline's checklist, or a paper that a processing needs."""

    name: Mapping[Language, str]
    about: Mapping[Language, str]  # which studies it is for
    items: tuple[Item, ...]


@cache
def checklist(name: ChecklistName) -> Checklist:
    """The checklist of this name."""
    text = (Path(__file__).parent / f"{name}.yaml").read_text(encoding="utf-8")
    return validated(Checklist, yaml.safe_load(text), place=name)
