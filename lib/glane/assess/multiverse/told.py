"""What terminal and page say alike: what the figure is, and in which unit it is told."""

from __future__ import annotations

from glane.assess.estimate.page_words import WORDS
from glane.assess.estimate.question import Question
from glane.assess.multiverse.record import MultiverseSummary
from glane.errors import shown
from glane.types import Language


def subject(summary: MultiverseSummary, language: Language) -> str:
    """What the figure is."""
    words, question = WORDS[language], summary.question
    name = f"case_{question.what}" if question.case is not None and question.is_share else question.what
    said = words[name].format(case=question.case, field=question.field, value=question.value)
    if summary.between is None:
        return said
    colon = " : " if language == "fr" else ": "
    return f"{said}, {question.by}{colon}{' − '.join(map(shown, summary.between))}"


def shown_as(question: Question) -> tuple[float, int]:
    """What a value is multiplied by before it is told, and its decimals: shares are told in per cent or points."""
    if question.what == "prevalence":
        return 100.0, 2
    return 1.0, 0 if question.what == "count" else 3
