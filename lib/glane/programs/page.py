"""Tried programs as a page: the counts first, then each program, then what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from glane.assess.pages.page import decimal, heading, page, paragraph, table, warning
from glane.languages import clauses
from glane.programs.compare import TableVerdict
from glane.programs.judge import OUTCOMES, Judged
from glane.programs.words import KIND_WORDS, OUTCOME_WORDS, WORDS
from glane.types import Language, Toy

_MOST_SHOWN = 200  # programs with differences


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a trial rests on."""

    source: str  # the run or the folder
    tables: Sequence[str]
    expected: str | None
    tolerance: float
    toy: Toy | None = None


def programs_page(found: Sequence[Judged], basis: Basis, *, language: Language) -> str:
    """Return the page of tried programs in both languages; it opens in `language`."""
    return page(
        WORDS[language]["title"],
        lambda code: "".join(_parts(found, basis, code)),
        language=language,
        toy=basis.toy,
    )


def _parts(found: Sequence[Judged], basis: Basis, language: Language) -> Iterator[str]:
    words = WORDS[language]
    yield heading(words["title"], 1) + warning(words["no_proof"])
    yield table(
        ("", ""),
        [
            [words["source"], basis.source],
            [words["tables"], ", ".join(basis.tables)],
            [words["expected"], basis.expected or words["no_expected"]],
            [words["tolerance"], decimal(basis.tolerance, language, digits=9).rstrip("0").rstrip(".,")],
        ],
        text_columns=2,
    )
    yield heading(words["counts"]) + _counts(found, language) + paragraph(words["confined"])
    yield heading(words["each"])
    yield table(words["each_head"].split("|"), [_row(one, language) for one in found], text_columns=3)
    differing = [one for one in found if one.outcome == "different"][:_MOST_SHOWN]
    if differing:
        yield heading(words["differences"]) + paragraph(words["differences_how"])
    for one in differing:
        yield from _differences(one, language)


def _counts(found: Sequence[Judged], language: Language) -> str:
    counts = Counter(one.outcome for one in found)
    rows = [[OUTCOME_WORDS[language][name], str(counts[name])] for name in OUTCOMES if counts[name]]
    words = WORDS[language]
    return table((words["outcome"], words["programs"]), [[words["all"], str(len(found))], *rows], total_rows=1)


def _row(one: Judged, language: Language) -> list[str]:
    equal = sum(table.verdict.startswith("equal") for table in one.tables)
    compared = WORDS[language]["of"].format(some=equal, all=len(one.tables)) if one.tables else "–"
    told = one.program
    cells = str(sum(table.num_differing for table in one.tables)) if one.tables else "–"
    return [
        told.id, OUTCOME_WORDS[language][one.outcome], clauses(_details(one, language), language), compared, cells,
        *("–" if number is None else str(number) for number in (told.unsupported, told.approximate)),
    ]  # fmt: skip


def _details(one: Judged, language: Language) -> Iterator[str]:
    words = WORDS[language]
    if one.kind is not None:
        line = "" if one.line is None else f", {words['line'].format(line=one.line)}"
        yield KIND_WORDS[language].get(one.kind, one.kind) + line
    if not one.is_steady:
        yield words["unsteady"]
    lists = (
        ("lacking", one.lacking),
        ("returned", one.returned if one.outcome == "run" else ()),
        ("not_returned", one.not_returned if one.returned else ()),
        ("not_compared", one.others),
    )
    for key, names in lists:
        if names:
            yield words[key].format(names=", ".join(names))


def _differences(one: Judged, language: Language) -> Iterator[str]:
    words = WORDS[language]
    wrong = [table for table in one.tables if not table.verdict.startswith("equal")]
    yield heading(one.program.id, 3)
    yield table(words["differences_head"].split("|"), [_sizes(table) for table in wrong])
    cells = [
        [table.table, str(cell.row), cell.column, _shown(cell.expected, words), _shown(cell.found, words)]
        for table in wrong
        for cell in table.cells
    ]
    if cells:
        yield table(words["cells_head"].split("|"), cells)
    for each in wrong:
        for key, rows in (("only_expected", each.first_expected), ("only_returned", each.first_found)):
            if rows:
                yield paragraph(words[key].format(table=each.table))
                shown = [[_shown(text, words) for text in row] for row in rows]
                yield table(each.columns, shown, text_columns=len(each.columns))


def _shown(text: str | None, words: Mapping[str, str]) -> str:
    return words["none"] if text is None else text


def _sizes(one: TableVerdict) -> list[str]:
    names = (", ".join(one.lacking), ", ".join(one.surplus))
    returned = "–" if one.verdict == "not_returned" else str(one.rows_found)
    only = (str(one.only_expected), str(one.only_found))
    return [one.table, str(one.rows_expected), returned, *only, *names, str(one.num_differing)]
