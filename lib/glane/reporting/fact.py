"""What a fact for a report is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from glane.assess.pages.page import decimal
from glane.reporting.known import Known, Source
from glane.types import Language

MOST_FIELDS = 40  # that one fact names
Tell = Callable[[Known, Language], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """How a fact is told, and which command records what it needs."""

    tell: Tell
    source: Source = "run"


def count(num: int, language: Language) -> str:
    """A whole number as the language writes it."""
    return decimal(num, language, digits=0)
