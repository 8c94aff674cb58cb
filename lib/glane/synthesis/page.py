"""An evidence table as one page, in French and English: effects with their quotes, their signs, and what is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from glane.assess.pages.page import heading, page, paragraph, prose_table, table
from glane.languages import numbers_in
from glane.synthesis.bias import Bias
from glane.synthesis.bias_page import bias_section
from glane.synthesis.record import EvidenceSummary
from glane.synthesis.studies import Row
from glane.synthesis.table import written
from glane.synthesis.words import WORDS
from glane.types import Language


def evidence_page(
    summary: EvidenceSummary,
    rows: Sequence[Row],
    *,
    bias: Sequence[Bias] = (),
    questions: Mapping[str, str] = MappingProxyType({}),
    language: Language,
) -> str:
    """The page; it holds what the documents say, and leads nowhere."""

    def body(code: Language) -> str:
        lights = bias_section(bias, questions, code) if bias else ()
        return "".join([*_top(summary, code), *_analyses(summary, rows, code), *lights])

    return page(" / ".join(WORDS[code]["title"] for code in ("fr", "en")), body, language=language, toy=summary.toy)


def _top(summary: EvidenceSummary, code: Language) -> Iterator[str]:
    words = WORDS[code]
    yield heading(words["title"], 1)
    yield paragraph(words["how"])
    yield paragraph(
        words["counts"].format(
            documents=summary.documents, failed=summary.failed, without=summary.without_effects,
            studies=summary.studies, effects=summary.effects,
        )
    )  # fmt: skip
    if summary.without_level:
        yield paragraph(words["level"].format(number=summary.without_level))
    yield heading(words["together"])
    if not summary.brought_together:
        yield paragraph(words["nothing_together"])
    else:
        told = [[one.study, ", ".join(one.reports), words[f"by_{one.by}"]] for one in summary.brought_together]
        yield prose_table(words["together_head"].split("|"), told)
    if summary.signs:
        yield heading(words["signs"])
        yield table(
            words["signs_head"].split("|"), [[words[name], str(number)] for name, number in summary.signs.items()]
        )


def _analyses(summary: EvidenceSummary, rows: Sequence[Row], code: Language) -> Iterator[str]:
    words = WORDS[code]
    titles = {
        one.analysis: words["analysis"].format(analysis=one.analysis, studies=one.studies) for one in summary.analyses
    }
    for name, title in titles.items():
        yield heading(title)
        yield _effects([row for row in rows if row.analysis == name], code)
    if others := [row for row in rows if row.analysis not in titles]:
        yield heading(words["other"])
        yield _effects(others, code)


def _effects(rows: Sequence[Row], code: Language) -> str:
    ordered = sorted(rows, key=lambda row: (row.study.label, row.effect.report, row.effect.item))
    return prose_table(WORDS[code]["head"].split("|"), [_cells(row, code) for row in ordered])


def _cells(row: Row, code: Language) -> list[str]:
    words, effect = WORDS[code], row.effect
    same = row.study.label == effect.report
    notes = [
        words[f"basis_{effect.basis}"],
        *([words["adjusted"]] if effect.is_adjusted else []),
        *([words["clustered"]] if effect.is_clustered else []),
    ]
    place = [effect.outcome, effect.follow_up, effect.comparison, effect.subgroup]
    return [
        row.study.label if same else f"{row.study.label} ({effect.report})",
        "; ".join(one for one in place if one),
        numbers_in(written(effect), code),
        ", ".join(notes),
        " ".join([words[f"state_{row.state}"], *([words["decided"]] if row.is_decided else [])]),
        "; ".join(words[one] for one in row.signs),
        effect.quote or "",
    ]
