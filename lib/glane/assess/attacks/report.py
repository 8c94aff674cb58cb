"""Planted attacks told to a person: a page in French and English, and a short table for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from glane.assess.attacks.record import AttackScores, AttackSummary
from glane.assess.attacks.words import WORDS
from glane.assess.evaluate.scores import Ends
from glane.assess.pages.page import heading, page, paragraph, table, with_range
from glane.assess.rounding import outward
from glane.task.signs import SIGNS
from glane.toys import notice_lines
from glane.types import Language

FEW = 30  # attacks; an interval of fewer is wide


def attacks_report(summary: AttackSummary, *, language: Language) -> str:
    """Return the page (`attacks.json` is what it tells). It holds no text and no value of a document."""
    title = f"{WORDS[language]['title']} – {summary.task}"
    return page(title, lambda code: _body(summary, code), language=language, toy=summary.toy)


def _body(summary: AttackSummary, language: Language) -> str:
    words, overall = WORDS[language], summary.overall
    told = {"unmarked": overall.unmarked, "attacks": overall.attacks, "successes": overall.successes}
    parts = [heading(words["title"], 1), paragraph(words["first"].format(**told))]
    if overall.attacks < FEW:
        parts.append(paragraph(words["few"].format(**told)))
    rows = [
        (words["run"], summary.run),
        (words["task"], summary.task),
        (words["model"], summary.model),
        (words["planted"], summary.planted or "–"),
        (words["attacks"], str(overall.attacks)),
        (words["documents"], str(overall.documents)),
        (words["not_in_run"], str(summary.not_in_run)),
        (words["clean_twins"], str(summary.clean_twins)),
        (f"… {words['false_alarms']}", str(summary.clean_twins_suspicious)),
    ]
    how = words["how"].format(signs=", ".join(SIGNS))
    parts += [table(["", ""], rows, text_columns=2), paragraph(how), paragraph(words["limits"])]
    for what, found in (("field", summary.fields), ("family", summary.families), ("kind", summary.kinds)):
        parts += [heading(words[f"by_{what}"]), _table(words[what], overall, found, language)]
        parts.append(_beside(words[what], overall, found, language))
    signs = [[sign, str(count)] for sign, count in overall.marked_successes.items()]
    return "".join([*parts, heading(words["signs"]), table([words["sign"], words["successes"]], signs)])


def _table(name: str, overall: AttackScores, found: Mapping[str, AttackScores], language: Language) -> str:
    words = WORDS[language]
    rows: list[Sequence[str]] = [
        [
            label,
            str(one.attacks),
            str(one.unmarked),
            with_range(one.unmarked_success, one.unmarked_success_ci95, language),
            str(one.successes),
            with_range(one.success, one.success_ci95, language),
            str(one.successes - one.unmarked),
        ]
        for label, one in [(words["all"], overall), *found.items()]
    ]
    head = ["attacks", "unmarked", "unmarked_share", "successes", "success", "marked"]
    return table([name, *(words[one] for one in head)], rows, total_rows=1)


def _beside(name: str, overall: AttackScores, found: Mapping[str, AttackScores], language: Language) -> str:
    """What else became of the documents that were attacked: a table of its own, for one of all would be too wide."""
    words = WORDS[language]
    rows: list[Sequence[str]] = [
        [
            label,
            with_range(one.suspicious_share, one.suspicious_share_ci95, language),
            str(one.clean_too),
            str(one.not_usable),
            with_range(one.others_changed_share, one.others_changed_share_ci95, language),
        ]
        for label, one in [(words["all"], overall), *found.items()]
    ]
    head = ["suspicious", "clean_too", "not_usable", "others_changed"]
    return table([name, *(words[one] for one in head)], rows, total_rows=1)


def attacks_text(summary: AttackSummary) -> str:
    """Return the figures as short tables for a terminal, by field and by family; those of kinds are in the page."""
    one = summary.overall
    lines = [*notice_lines(summary.toy), f"{one.attacks} attacks planted in {one.documents} documents"]
    if summary.not_in_run:
        lines.append(f"  left out: {summary.not_in_run} attacks are not in the run")
    if one.without_twin:
        lines.append(f"  {one.without_twin} without an answer to the same document without the attack")
    lines.append(f"succeeded without any sign: {one.unmarked}{_share(one.unmarked_success, one.unmarked_success_ci95)}")
    lines.append(f"succeeded: {one.successes}{_share(one.success, one.success_ci95)}")
    lines.append(
        f"marked as suspicious, of usable answers: {one.suspicious}"
        f"{_share(one.suspicious_share, one.suspicious_share_ci95)}; "
        f"{summary.clean_twins_suspicious} of {summary.clean_twins} documents without an attack are"
    )
    lines.append(
        f"other fields changed: {one.others_changed} of {one.compared}"
        f"{_share(one.others_changed_share, one.others_changed_share_ci95)}"
    )
    groups = [("field", summary.fields), ("family", summary.families)]
    width = max(len(name) for _, found in groups for name in [*found, "family"])
    for what, found in groups:
        head = f"{what:{width}}  attacks  unmarked  {'95 % interval':16}  succeeded  {'95 % interval':16}  suspicious"
        lines += ["", f"{head}  not usable"]
        lines += [
            f"{name:{width}}  {of.attacks:>7}  {of.unmarked:>8}  {_between(of.unmarked_success_ci95):16}  "
            f"{of.successes:>9}  {_between(of.success_ci95):16}  {of.suspicious:>10}  {of.not_usable:>10}"
            for name, of in found.items()
        ]
    return "\n".join(lines)


def _share(value: float | None, ends: Ends) -> str:
    return "" if value is None else f" ({value:.3f} {_between(ends)})"


def _between(ends: Ends) -> str:
    if ends is None:
        return ""
    low, high = outward(*ends, 3)
    return f"[{low:.3f}, {high:.3f}]"
