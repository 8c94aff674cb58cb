"""A multiverse as short tables for a terminal. They hold no values of documents."""

from __future__ import annotations

from collections.abc import Sequence

from glane.assess.estimate.page_words import WORDS as ESTIMATE
from glane.assess.estimate.question import Question
from glane.assess.multiverse.record import Figure, MultiverseSummary, Spread
from glane.assess.multiverse.seal import SealCheck
from glane.errors import shown
from glane.toys import notice_lines
from glane.types import Language

_MAX_LINES = 60


def multiverse_text(summary: MultiverseSummary) -> str:
    """The figures of all specifications, how far they lie apart, and the chosen one's."""
    question, chosen = summary.question, summary.stood_for
    counts = ", ".join(f"{part.levels} {part.factor}s" for part in summary.raw.variation.parts)
    head = f"{len(summary.specifications)} specifications of the same {summary.documents} documents ({counts}):"
    lines = [*notice_lines(summary.toy), f"{subject(summary, 'en')}:", head]
    lines += _table(summary)
    lines += _spread(summary.raw, "by the models' answers alone", question)
    if summary.corrected is not None:
        lines += _spread(summary.corrected, "corrected by the review", question)
    lines.append(f"chosen: {chosen.run} ({chosen.wording} {chosen.model} {chosen.reading})")
    lines.append(f"  by the model's answers alone {told(chosen.figure, question)}")
    if chosen.corrected is not None:
        lines.append(f"  corrected {told(chosen.corrected, question)}: {chosen.corrected.method}")
    lines += _levels(summary)
    return "\n".join([*lines, *seal_lines(summary.seal, has_gold=summary.gold is not None)])


def subject(summary: MultiverseSummary, language: Language) -> str:
    """What the figure is."""
    words, question = ESTIMATE[language], summary.question
    name = f"case_{question.what}" if question.case is not None and question.is_share else question.what
    said = words[name].format(case=question.case, field=question.field, value=question.value)
    return said if summary.between is None else f"{said}, {question.by}: {_minus(summary.between)}"


def _minus(between: tuple[str, str]) -> str:
    return " − ".join(map(shown, between))


def told(figure: Figure, question: Question) -> str:
    """A figure with its interval."""
    if figure.value is None:
        return "no figure"
    if figure.low is None or figure.high is None:
        return number(figure.value, question)
    return f"{number(figure.value, question)} [{number(figure.low, question)}, {number(figure.high, question)}]"


def number(value: float | None, question: Question) -> str:
    """A value as it is printed: shares in per cent, differences of them in points."""
    if value is None:
        return "–"
    if question.what == "prevalence":
        return f"{100 * value:.2f} {'%' if question.by is None else 'points'}"
    return f"{value:.0f}" if question.what == "count" else f"{value:.4g}"


def _table(summary: MultiverseSummary) -> list[str]:
    question = summary.question
    has_gold = summary.corrected is not None
    rows = [["", "run", "alone", *(["corrected"] if has_gold else []), "levels"]]
    for one in summary.specifications[:_MAX_LINES]:
        row = ["*" if one.run == summary.chosen else "", one.run, told(one.figure, question)]
        row += [told(one.corrected, question)] if one.corrected is not None else []
        rows.append([*row, f"{one.wording} {one.model} {one.reading}"])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    left = len(summary.specifications) - _MAX_LINES
    return [*lines, *([f"… and {left} more, in specifications.parquet"] if left > 0 else [])]


def _spread(found: Spread, how: str, question: Question) -> list[str]:
    ends = f"{number(found.lowest, question)} to {number(found.highest, question)}"
    lines = [f"{how}: {ends}, median {number(found.median, question)}"]
    if found.reversed is not None:
        lines.append(f"  sign opposite to the chosen one's: {found.reversed} of {found.others} others")
    lines.append(f"  interval without the chosen one's figure: {found.excluding} of {found.others} others")
    if found.differing is not None:
        lines.append(f"  paired difference from the chosen one without 0: {found.differing} of {found.others} others")
    parts = [f"{one.factor}s {100 * one.share:.0f} %" for one in found.variation.parts if one.share is not None]
    if parts:
        rest = found.variation.rest
        left = "factors overlap, shares do not add up" if rest is None else f"interactions {100 * rest:.0f} %"
        lines.append(f"  of the variation lies between: {', '.join(parts)}; {left}")
    return lines


def _levels(summary: MultiverseSummary) -> list[str]:
    """What makes a level another, where a factor has several."""
    several = {one.factor for one in summary.levels if one.name.endswith("2")}
    lines = []
    for one in summary.levels:
        if one.factor in several:
            settings = ", ".join(f"{key}={value}" for key, value in one.settings.items())
            lines.append(f"{one.name}: {'; '.join(filter(None, [one.title, settings]))}")
    return lines


def seal_lines(seal: SealCheck, *, has_gold: bool) -> Sequence[str]:
    """Whether the choice was sealed, and whether the seal holds."""
    if seal.sealed is None:
        return ["The choice was not sealed before."]
    before = {
        True: ", before the gold was last changed",
        False: ", NOT before the gold: its file is older",
        None: ", the time of the gold is not known" if has_gold else "",
    }[seal.is_before_gold]
    lines = [f"sealed on {seal.sealed}{before} (sha256 {seal.sha256})"]
    if seal.broken:
        lines.append("THE SEAL IS BROKEN: what is estimated is not what was sealed")
        lines += [f"  {one.key}: {one.sealed} -> {one.now}" for one in seal.broken]
    return lines
