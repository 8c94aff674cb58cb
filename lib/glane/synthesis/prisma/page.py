"""The flow as a page, in French and English, and as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from glane.assess.pages.page import heading, page, paragraph, table, warning
from glane.languages import numbers_in
from glane.synthesis.prisma.boxes import boxes
from glane.synthesis.prisma.drawing import diagram
from glane.synthesis.prisma.record import PrismaFlow
from glane.synthesis.prisma.words import WORDS
from glane.toys import notice
from glane.types import Language


def flow_page(flow: PrismaFlow, *, language: Language) -> str:
    """The page; it holds counts and the names of sources and reasons, and no document."""

    def body(code: Language) -> str:
        words = WORDS[code]
        parts = [heading(words["title"], 1)]
        if flow.broken:
            parts.append(warning(words["broken"]))
        parts += [paragraph(words["how"]), *map(paragraph, _notes(flow, code)), diagram(boxes(flow, code), code)]
        return "".join([*parts, heading(words["checks"]), _checks(flow, code)])

    return page(" / ".join(WORDS[code]["title"] for code in ("fr", "en")), body, language=language, toy=flow.toy)


def _notes(flow: PrismaFlow, code: Language) -> Iterator[str]:
    words = WORDS[code]
    if flow.screened.by == "model":
        yield words["model_alone"]
    if flow.assessed is not None and flow.assessed.decided_by_people < flow.assessed.assessed:
        yield words["model_full"]
    if flow.identified is not None and flow.identified.kept_duplicates:
        yield words["kept"].format(n=numbers_in(f"{flow.identified.kept_duplicates:,}", code))


def _checks(flow: PrismaFlow, code: Language) -> str:
    words = WORDS[code]
    rows = [
        [
            words[one.name],
            numbers_in(f"{one.told:,}", code),
            numbers_in(f"{one.found:,}", code),
            words["yes" if one.holds else "no"],
        ]
        for one in flow.checks
    ]
    return table(words["checks_head"].split("|"), rows)


def flow_markdown(flow: PrismaFlow, language: Language) -> str:
    """The same counts as a list, for a manuscript."""
    words = WORDS[language]
    lines = [f"# {words['title']}", ""]
    told = [notice(flow.toy, language), words["broken"] if flow.broken else ""]
    for text in [*filter(None, told), *_notes(flow, language)]:
        lines += [f"> {text}", ""]
    phase = ""
    for box in boxes(flow, language):
        if box.phase != phase:
            phase = box.phase
            lines += ["", f"## {words[phase]}", ""]
        indent = "  " if box.is_side else ""
        lines.append(f"{indent}- {_plain(box.title)}")
        lines += [f"{indent}  - {_plain(part)}" for part in box.parts]
    return "\n".join([*lines, ""]).replace("\n\n\n", "\n\n")


def _plain(text: str) -> str:
    """Names of sources and reasons are no markup."""
    return "".join(f"\\{one}" if one in "\\`*_[]<>|#" else one for one in text)
