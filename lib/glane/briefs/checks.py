"""The checks of a statement: each is of its sentence against the passages that it cites, and none asks a model.

A statement that fails one is wrong, or cannot be told to be right. What they cannot see is left to a second reading.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from glane.briefs.figures import BREAK, Figure, amounts_in, plain_text, units_in
from glane.briefs.letters import foreign, has_words
from glane.briefs.naming import stands_with, tells_days, tells_names
from glane.briefs.number_words import COUNTED, GROUPS, PARTS, WEAK
from glane.briefs.passages import widened
from glane.briefs.record import Check, Quote
from glane.briefs.said import (
    Said,
    clause_around,
    denies,
    frames_in,
    pieces,
    said_in,
    turns_in,
)
from glane.briefs.terms import other_terms
from glane.reading.align import Aligner
from glane.task.fold import fold

CHECKS = (
    "form", "citation", "quote", "context", "order", "cause", "trend", "number", "unit", "status", "sense", "negation",
    "frame", "period", "place", "term", "support", "accepted",
    "labelled",
)  # fmt: skip
"""All checks, in the order in which they are made; `support` is the second reading, `accepted` its calibration,
`labelled` what readers made of its type."""
_TWO = re.compile(r"[.!?…]\s+\S|[^\W\d_]{2}[.!?…][A-ZÀ-Þ]|[\n;]|[<>{}\[\]|]|https?:")
_LONGEST, _FEWEST_WORDS = 300, 3
Speaks = Callable[[str], bool]  # whether a text speaks to a model


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """A passage, and the words of it that were copied: of them, and of the clause around them, the sentence tells."""

    quote: Quote
    copied: str

    @property
    def clause(self) -> str:
        """The clause of the passage that holds the copied words; the whole passage where they are not found."""
        found = Aligner(self.quote.text).align(self.copied)
        if found.start is None or found.end is None:
            return self.quote.text
        return clause_around(self.quote.text, found.start, found.end)


def checked(
    sentence: str, cited: Cited | None, *, document: str | None, speaks: Speaks, terms: frozenset[str] = frozenset()
) -> list[Check]:
    """Check a statement against one passage.

    Args:
        sentence: Of the statement.
        cited: The passage that carries it; None if it cites none.
        document: The text of the passage's document; None if it cannot be read.
        speaks: Whether a text speaks to a model.
        terms: Of the run.
    """
    found = {"form": _is_sentence(sentence), "citation": cited is not None}
    if cited is not None:
        found["form"] = found["form"] and not foreign(sentence, cited.quote.text)
        found |= _of_place(cited, document)
        found["order"] = not speaks(sentence) and not speaks(cited.quote.text)
        found |= agreement(sentence, cited, terms)
    return [Check(name=name, passed=found[name]) for name in CHECKS if name in found]


def agreement(sentence: str, cited: Cited, terms: frozenset[str] = frozenset()) -> Mapping[str, bool]:
    """Whether a sentence says what a passage says, by each check."""
    claim, clause = said_in(sentence), said_in(cited.clause)
    return {
        "cause": not claim.has_cause,
        "trend": not claim.has_trend,
        "number": _are_counted(claim, clause) and _is_whole(sentence, claim, cited.clause),
        "unit": all(_counts_the_same(one, clause.figures) for one in claim.figures),
        "status": _same_status(claim, clause),
        "sense": turns_in(sentence) <= turns_in(cited.quote.text.lower()),
        "negation": _denies_the_same(sentence, cited.clause),
        "frame": _tells_the_frame(sentence, claim, cited),
        "period": tells_days(claim, cited.quote),
        "place": tells_names(sentence, cited.quote) and stands_with(sentence, claim, cited.clause),
        "term": not other_terms(sentence, f"{cited.quote.text} {cited.quote.place or ''}", terms),
    }


def _is_sentence(sentence: str) -> bool:
    plain = sentence.strip()
    return (
        len(plain) <= _LONGEST
        and len(plain.split()) >= _FEWEST_WORDS
        and has_words(plain)
        and not _TWO.search(plain)
        and "?" not in plain
    )


def _of_place(cited: Cited, document: str | None) -> dict[str, bool]:
    one = cited.quote
    is_there = document is not None and document[one.start : one.end] == one.text and bool(one.text)
    is_copied = Aligner(one.text).has(cited.copied) and bool(fold(cited.copied))
    is_whole = document is not None and widened(document, one.start, one.end) == (one.start, one.end)
    return {"quote": is_there and is_copied, "context": is_whole}


def _are_counted(claim: Said, clause: Said) -> bool:
    """Whether all numbers and amounts of a sentence are those of a clause; "one" and "a" are the number 1."""
    values = {one.value for one in clause.figures}
    ones = {unit for one in clause.figures if one.value == "1" for unit in one.units} | clause.ones
    counted = frozenset().union(*(one.units for one in clause.figures if one.units <= COUNTED))
    several = {"several"} if any(float(one) > 1 for one in values) else set()
    return (
        all(one.value in values or (one.value == "1" and one.units & ones) for one in claim.figures)
        and claim.amounts <= clause.amounts | several
        and not (claim.ones & counted) - ones
    )


def _is_whole(sentence: str, claim: Said, clause: str) -> bool:
    """Whether that of which a clause tells a part ("half of the 90 guests", "few residents") is told with it."""
    values = {one.value for one in claim.figures}
    units = units_in(sentence)
    parts = [
        one
        for one in BREAK.split(plain_text(clause))
        if (values & {found.value for found in said_in(one).figures} if values else units & units_in(one))
    ]
    return all(
        {name for name in amounts_in(one) if name.lstrip("0123456789 ") in PARTS} <= claim.amounts for one in parts
    )


def _counts_the_same(one: Figure, others: tuple[Figure, ...]) -> bool:
    """Whether a clause has the number with the same things that it counts, where the sentence says what these are."""
    same = [other.units for other in others if other.value == one.value]
    return (
        not same or not one.units or any(one.units & other and _says_more(one.units, other) <= WEAK for other in same)
    )


def _says_more(units: frozenset[str], others: frozenset[str]) -> frozenset[str]:
    """What a number counts for a sentence, and not for a clause; of a percentage, a group may stand further on."""
    is_share = "percent" in units & others and not others & GROUPS
    return units - others - (GROUPS if is_share else frozenset())


def _denies_the_same(sentence: str, clause: str) -> bool:
    """Whether a sentence denies what the passage denies, and states what it states: of "12 cases, no deaths", each."""
    units, figures = units_in(sentence), {one.value for one in said_in(sentence).figures}
    stated = [one for one in pieces(clause) if not denies(one)]
    denied = [one for one in pieces(clause) if denies(one)]
    if denies(sentence):
        return any(not units or units & units_in(one) for one in denied)
    if not denied:
        return True
    of_stated = frozenset().union(*map(units_in, stated))
    of_denied = frozenset().union(*map(units_in, denied))
    told = {one.value for piece in stated for one in said_in(piece).figures}
    return figures <= told and bool(figures or units & of_stated) and not (units - of_stated) & of_denied


def _tells_the_frame(sentence: str, claim: Said, cited: Cited) -> bool:
    """Whether a sentence tells what takes its passage back, or makes it less than a report. A question tells none."""
    values = frozenset(one.value for one in claim.figures)
    told = frames_in(sentence) | ({"false"} if denies(sentence) else frozenset())
    return "?" not in cited.quote.text and frames_in(cited.quote.text, values) <= told


def _same_status(claim: Said, clause: Said) -> bool:
    """Whether suspected, new, more than and their like are those of the passage: of its numbers, else of its clause."""
    near, of_figures = (frozenset().union(*(one.status for one in said.figures)) for said in (claim, clause))
    if claim.status != clause.status and not (claim.figures and claim.status == near):
        return False
    compared = of_figures if claim.status == clause.status else of_figures | near
    values = {one.value for one in clause.figures}
    told = {(one.value, one.status & compared, one.bound) for one in clause.figures}
    return all((one.value, one.status & compared, one.bound) in told for one in claim.figures if one.value in values)


def passed(checks: list[Check]) -> bool:
    """Whether all checks that were made are passed."""
    return all(one.passed for one in checks)
