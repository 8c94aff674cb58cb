"""A brief in a few lines, for the terminal: its figures, which hold no text of documents, and counts of statements."""

from __future__ import annotations

from collections.abc import Sequence

from glane.briefs.record import BriefSummary, Claim
from glane.toys import notice_lines
from glane.types import Language

_SHOWN = 12


def figure_lines(claims: Sequence[Claim], language: Language) -> list[str]:
    """The first figures, in the language of the reader. Those of a group name a value of a document: not here."""
    found = [one for one in claims if one.measure is not None and one.measure.by is None]
    return [one.sentence(language) for one in found][:_SHOWN]


def untold_line(claims: Sequence[Claim]) -> str | None:
    """How many figures the terminal does not show; None if it shows all."""
    found = [one for one in claims if one.measure is not None]
    left = len(found) - len(figure_lines(claims, "en"))
    return f"{left:,} further figures, those by a column among them, are in brief.md and brief.html." if left else None


def _left_out(summary: BriefSummary) -> list[str]:
    """What no figure tells of. Values are of documents: the terminal counts them."""
    lines = []
    for one in summary.without_figure:
        if one.values:
            lines.append(
                f"{one.measure}: no figure of {len(one.values):,} values of {one.by!r}, without a document in what the "
                "brief is of; brief.md names them."
            )
        if one.unnamed:
            lines.append(f"{one.measure}: {one.unnamed:,} documents without {one.by!r} are in none of its figures.")
    return lines


def brief_text(summary: BriefSummary, commands: Sequence[str]) -> str:
    """What became of statements, and the commands that are next."""
    lines = notice_lines(summary.toy or next((one.toy for one in summary.models if one.toy is not None), None))
    lines += [f"{summary.definition.name}: {summary.figures:,} figures{_documents(summary.documents)}"]
    lines += _left_out(summary)
    if (rule := summary.disclosure) is not None:
        lines.append(f"Only what protected tables have told: counts below {rule.least} are suppressed there.")
        lines += ["Figures whose cells are suppressed were left out."] if rule.is_hidden else []
    if summary.statements is not None and summary.definition.statements is not None and not summary.is_unfinished:
        lines.append(
            f"{summary.statements:,} statements by a model: {summary.merged:,} joined with another one, "
            f"{summary.verified:,} verified."
        )
        lines += [f"  {num:,} failed: {name}" for name, num in sorted(summary.failures.items())]
    if commands:
        lines.append("Statements wait for answers. Next, on this machine or with cluster=slurm:")
        lines += [f"  {one}" for one in commands]
        lines.append("then this command again.")
    if summary.signature is None:
        lines.append("A draft: who has read it signs with sign=NAME.")
    return "\n".join(lines)


def _documents(num: int | None) -> str:
    return "" if num is None else f" of {num:,} documents"
