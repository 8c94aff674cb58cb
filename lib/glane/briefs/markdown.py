"""A brief in Markdown, in one language, for a mail or another editor."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from glane.briefs.page import BriefText
from glane.briefs.record import BriefSummary, Claim
from glane.languages import explained
from glane.toys import notice
from glane.types import Language

_MARKUP = re.compile(r"([\\`*_{}\[\]<>#|])")


def brief_markdown(summary: BriefSummary, claims: Sequence[Claim], *, language: Language) -> str:
    """Return the brief as Markdown; nothing that documents say is markup in it."""
    text = BriefText(summary, claims, language)
    return "\n".join([*_lines(text, summary, language), ""])


def _lines(text: BriefText, summary: BriefSummary, language: Language) -> Iterator[str]:
    yield f"# {_plain(summary.definition.title.of(language))}"
    for line in (*filter(None, [notice(summary.toy, language)]), *text.warnings()):
        yield f"\n> **{_plain(line)}**"
    for line in text.about():
        yield f"\n{_plain(line)}"
    yield f"\n## {text.say('figures')}\n"
    for claim in text.figures:
        yield f"- {_plain(claim.sentence(language))} `{claim.id}`"
    yield f"\n{_plain(text.say('figure_how'))}"
    for line in text.figure_notes():
        yield f"\n{_plain(line)}"
    if summary.definition.statements is not None and not summary.is_unfinished:
        yield from _statements(text, language)
    yield f"\n## {text.say('rests')}\n"
    for title, told in text.rests():
        yield f"- {explained(_plain(title), _plain(told), language)}"


def _statements(text: BriefText, language: Language) -> Iterator[str]:
    yield f"\n## {text.say('statements')}\n"
    for claim in text.statements:
        mark = f"*{text.say('unverified')}* – " if claim.status == "unverified" else ""
        yield f"- {mark}{_plain(claim.sentence(language))} `{claim.id}`"
        for quote in claim.quotes:
            yield f"  - « {_plain(quote.text)} » ({_plain(quote.document)})"
    for line in text.statement_notes():
        yield f"\n{_plain(line)}"
    if not text.has_checks:
        return
    yield f"\n## {text.say('checks')}\n\n{text.checks_text()}"
    for name, num in text.failures():
        yield f"- {explained(_plain(name), num, language)}"


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
