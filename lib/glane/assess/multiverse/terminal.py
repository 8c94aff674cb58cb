"""A multiverse as short tables for a terminal. They hold no values of documents."""

from __future__ import annotations

from glane.assess.estimate.question import Question
from glane.assess.multiverse.record import Figure, MultiverseSummary, Part, Spread
from glane.assess.multiverse.told import shown_as, subject
from glane.assess.right_answers import right_answers_warnings
from glane.assess.rounding import outward
from glane.toys import notice_lines

_MAX_LINES = 60
_LONGEST = 200  # letters of a text


def multiverse_text(summary: MultiverseSummary) -> str:
    """The figures of all specifications, how far they lie apart, and the chosen one's."""
    question, chosen = summary.question, summary.stood_for
    warnings = (f"Warning: {one}" for one in right_answers_warnings(summary.right_answers, "en"))
    lines = [*notice_lines(summary.toy), *warnings, f"{subject(summary, 'en')}:", _counted(summary), *_table(summary)]
    lines += _left_out(summary)
    if summary.unasked:
        lines.append(
            f"no question was sent in {', '.join(one.run for one in summary.unasked)} (prompt_style=bare: the document "
            "alone): that figures do not move with the wording there says nothing of it"
        )
    lines += _spread(summary.raw, "by the models' answers alone", question)
    if summary.corrected is not None:
        lines += _spread(summary.corrected, "corrected by the review", question)
    lines.append(f"chosen: {chosen.run} ({chosen.wording} {chosen.model} {chosen.reading})")
    lines.append(f"  by the model's answers alone {_told(chosen.figure, question)}")
    if (fixed := chosen.corrected) is not None:
        note = "" if fixed.note is None else f"; {fixed.note}"
        lines.append(
            f"  corrected {_told(fixed, question)} ({fixed.method}; {fixed.reviewed} documents reviewed{note})"
        )
        if fixed.is_unlike:
            lines.append(
                f"  the model probably errs otherwise from group to group (p = {fixed.heterogeneity:.2g}), which "
                "biases this difference: method=ppi takes each group by itself"
            )
    return "\n".join([*lines, *_levels(summary), *_seal(summary)])


_COUNTED = {
    "wording": ("{num} wording", "{num} wordings"),
    "model": ("{num} model", "{num} models"),
    "reading": ("{num} reading", "{num} readings"),
}
_SHARES = {"wording": "wordings {share:.0f} %", "model": "models {share:.0f} %", "reading": "readings {share:.0f} %"}


def _counted(summary: MultiverseSummary) -> str:
    counts = [_COUNTED[part.factor][part.levels != 1].format(num=part.levels) for part in summary.raw.variation.parts]
    of_shares = ", in per cent" if summary.between is None else ", in points"
    return (
        f"{len(summary.specifications)} specifications of the same {summary.documents} documents "
        f"({', '.join(counts)}){of_shares if summary.question.what == 'prevalence' else ''}"
    )


def _told(figure: Figure, question: Question) -> str:
    """A figure with its interval."""
    if figure.low is None or figure.high is None:
        return _number(figure.value, question)
    factor, digits = shown_as(question)
    low, high = outward(factor * figure.low, factor * figure.high, digits)
    return f"{_number(figure.value, question)} [{low:.{digits}f}, {high:.{digits}f}]"


def _number(value: float | None, question: Question) -> str:
    """A value as it is printed: shares in per cent."""
    factor, digits = shown_as(question)
    return "–" if value is None else f"{factor * value:.{digits}f}"


def _table(summary: MultiverseSummary) -> list[str]:
    question = summary.question
    has_gold = summary.corrected is not None
    rows = [["", "run", "alone", *(["corrected"] if has_gold else []), "levels"]]
    for one in summary.specifications[:_MAX_LINES]:
        row = ["*" if one.run == summary.chosen else "", one.run, _told(one.figure, question)]
        row += [_told(one.corrected, question)] if one.corrected is not None else []
        rows.append([*row, f"{one.wording} {one.model} {one.reading}"])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    left = len(summary.specifications) - _MAX_LINES
    return [*lines, *([f"… and {left} more, in specifications.parquet"] if left > 0 else [])]


def _left_out(summary: MultiverseSummary) -> list[str]:
    """What is not the same in all runs: their files, and the documents that are in no figure."""
    lacking = [f"{one.run} {one.without_values}" for one in summary.specifications if one.without_values]
    unread = [f"{one.run} {one.gold_left_out}" for one in summary.specifications if one.gold_left_out]
    lines = [] if summary.is_same_input else ["the runs read other files: the same ids may be other texts"]
    lines += [f"documents without values, which are not counted: {', '.join(lacking)}"] if lacking else []
    return [*lines, *([f"  reviewed ones among them: {', '.join(unread)}"] if unread else [])]


def _spread(found: Spread, how: str, question: Question) -> list[str]:
    ends = f"{_number(found.lowest, question)} to {_number(found.highest, question)}"
    lines = [f"{how}: {ends}, median {_number(found.median, question)}"]
    if found.reversed is not None:
        lines.append(f"  sign opposite to the chosen one's: {_of_others(found.reversed, found)}")
    lines.append(f"  interval does not hold the chosen one's figure: {_of_others(found.excluding, found)}")
    if found.differing is not None:
        differing = _of_others(found.differing, found)
        lines.append(f"  paired difference from the chosen one, interval without 0: {differing}")
    parts = [_SHARES[one.factor].format(share=100 * (one.share or 0)) for one in found.variation.parts if _tells(one)]
    if parts:
        rest = found.variation.rest
        left = "factors overlap, shares do not add up" if rest is None else f"interactions {100 * rest:.0f} %"
        lines.append(f"  of the variation lies between: {', '.join(parts)}; {left}")
    return lines


def _of_others(num: int, found: Spread) -> str:
    return f"{num} of {found.others} other{'' if found.others == 1 else 's'}"


def _tells(part: Part) -> bool:
    return part.share is not None and part.levels > 1


def _levels(summary: MultiverseSummary) -> list[str]:
    """What makes a level another, where a factor has several: of wordings, their texts."""
    several = {one.factor for one in summary.levels if one.name.endswith("2")}
    lines = []
    for one in summary.levels:
        if one.factor in several:
            told = [f"{key}={_cut(value)}" for key, value in ({**one.settings, **one.texts}).items()]
            lines.append(f"{one.name}: {'; '.join(filter(None, [one.title, *told]))}")
    return lines


def _cut(text: str) -> str:
    """A text in one line; a long one as far as a terminal shows it."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}… (in full in report.html)"


def _seal(summary: MultiverseSummary) -> list[str]:
    """Whether the choice was sealed, and whether the seal holds."""
    seal, gold = summary.seal, summary.gold
    if seal.sealed is None:
        return ["The choice was not sealed before."]
    told = f"sealed on {seal.sealed}"
    if gold is not None and gold.modified is None:
        told += f"; of the gold ({gold.path}) no time is known"
    elif gold is not None:
        when = "before" if seal.is_before_gold else "NOT before"
        told += f", {when} the gold of {gold.modified} ({gold.path}, sha256 {gold.sha256})"
    lines = [told, f"  sha256 of the seal {seal.sha256}"]
    if seal.broken:
        lines.append("THE SEAL IS BROKEN: what is estimated is not what was sealed")
        lines += [f"  {one.key}: {one.sealed} -> {one.now}" for one in seal.broken]
    return lines
