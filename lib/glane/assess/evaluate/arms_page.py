"""The arms of a review on the page of an evaluation."""

from __future__ import annotations

from glane.assess.evaluate.record import ArmScores
from glane.assess.evaluate.words import WORDS
from glane.assess.pages.page import Cell, heading, paragraph, table, with_range
from glane.types import Language


def arms_section(found: ArmScores, language: Language) -> str:
    """F1 and the share of exact documents by arm, and their difference: of all fields, then of each."""
    words = WORDS[language]
    blind, assisted = found.blind, found.assisted
    rows: list[list[str | Cell]] = [
        [words["documents"], str(blind.documents), str(assisted.documents), "", "", "", ""],
        [
            words["micro"],
            *(with_range(one.micro.f1, one.micro.f1_ci95, language) for one in (blind, assisted)),
            with_range(found.overall.f1, found.overall.f1_ci95, language),
            *(with_range(one.exact, one.exact_ci95, language) for one in (blind, assisted)),
            with_range(found.overall.exact, found.overall.exact_ci95, language),
        ],
    ]
    for name, difference in found.fields.items():
        sides = (blind.fields[name], assisted.fields[name])
        rows.append(
            [
                name,
                *(with_range(one.f1, one.f1_ci95, language, digits=2) for one in sides),
                with_range(difference.f1, difference.f1_ci95, language, digits=2),
                *(with_range(one.exact, one.exact_ci95, language, digits=2) for one in sides),
                with_range(difference.exact, difference.exact_ci95, language, digits=2),
            ]
        )
    head = [words["field"], *(f"{words[what]}, {words[one]}" for what in ("f1", "exact") for one in _COLUMNS)]
    shown = table(head, rows, total_rows=2)
    return heading(words["arms"]) + paragraph(words["arms_how"]) + shown + paragraph(words["anchoring"])


_COLUMNS = ("arm_blind", "arm_assisted", "arm_difference")
