"""A comparison of runs told to a person: a page in French and English, without values of documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from glane.assess.clusters import COPIES_ALONE, FEW_CLUSTERS
from glane.assess.compare.record import Against, ComparisonSummary, Differences, FieldDifference, PairedTest
from glane.assess.compare.words import WORDS
from glane.assess.evaluate.report import how_drawn
from glane.assess.evaluate.words import WORDS as EVALUATION
from glane.assess.pages.page import decimal, heading, page, paragraph, table, warning, with_range
from glane.assess.right_answers import right_answers_warnings
from glane.types import Language

_COSTS = ("selected", "prompt_tokens", "output_tokens", "seconds", "gpu_hours", "tokens_per_1000", "gpu_hours_per_1000")


def comparison_report(summary: ComparisonSummary, *, language: Language) -> str:
    """Return the page of a comparison (`comparison.json` is what it tells)."""
    return page(WORDS[language]["title"], lambda code: _body(summary, code), language=language, toy=summary.toy)


def _body(summary: ComparisonSummary, language: Language) -> str:
    words = WORDS[language]
    parts = [warning(one) for one in right_answers_warnings(summary.right_answers, language)]
    if summary.intervals.are_copies_known is False:
        parts.append(warning(COPIES_ALONE[language]))
    parts += [heading(words["title"], 1), _about(summary, language)]
    parts += [heading(words["cost"]), paragraph(words["cost_how"]), _quality_table(summary, language)]
    parts += [_cost_table(summary, language), _settings_table(summary, words), _signs_table(summary, language)]
    for entry in summary.comparisons:
        parts += [heading(f"{words['against']} {entry.run}")]
        if summary.with_gold:
            parts.append(paragraph(words["with_gold_how"]))
        parts += [paragraph(words["agreement_how"]), _field_table(entry, language)]
    rows = [[str(one.id), one.run, ", ".join(one.fields)] for one in summary.documents_that_differ]
    if rows:
        parts += [heading(words["differing"]), paragraph(words["differing_how"])]
        parts.append(table([words["id"], words["run"], words["fields"]], rows, text_columns=3))
    return "".join(parts)


def _about(summary: ComparisonSummary, language: Language) -> str:
    words, flow = WORDS[language], summary.documents
    elsewhere = flow.gold_not_in_all_runs
    rows = [
        (words["first"], summary.first),
        (words["documents"], str(flow.compared)),
        (f"… {words['in_all_runs']}", str(flow.in_all_runs)),
        *([] if elsewhere is None else [(f"… {words['gold_not_in_all_runs']}", str(elsewhere))]),
        (words["fields_left_out"], ", ".join(summary.fields_left_out) or words["none"]),
    ]
    if (num := summary.intervals.clusters) is not None:
        few = f" {EVALUATION[language]['few_clusters']}" if num < FEW_CLUSTERS else ""
        rows.append((words["clusters"], f"{words['clusters_how'].format(num=num)}.{few}"))
    if summary.weights is not None:
        rows.append((words["drawn"], how_drawn(summary.weights, EVALUATION[language], language)))
    return table(["", ""], rows, text_columns=2)


def _quality_table(summary: ComparisonSummary, language: Language) -> str:
    words = WORDS[language]
    rows: list[Sequence[str]] = []
    for one in summary.runs:
        row: list[str] = [one.run, one.task, one.model]
        if (overall := one.overall) is not None:
            row += [
                with_range(overall.micro.f1, overall.micro.f1_ci95, language),
                with_range(overall.macro.f1, overall.macro.f1_ci95, language),
                with_range(overall.exact, overall.exact_ci95, language),
            ]
        rows.append([*row, str(one.not_usable)])
    quality = [words["f1"], words["macro"], words["exact"]] if summary.with_gold else []
    return table(
        [words["run"], words["task"], words["model"], *quality, words["not_usable"]],
        rows,
        text_columns=3,
    )


def _cost_table(summary: ComparisonSummary, language: Language) -> str:
    words = WORDS[language]
    rows = [[one.run, *(_amount(getattr(one.cost, name, None), language) for name in _COSTS)] for one in summary.runs]
    return table([words["run"], *(words[name] for name in _COSTS)], rows)


def _signs_table(summary: ComparisonSummary, language: Language) -> str:
    """Documents with each sign by run, with the distance from the first; with right answers wrong values, too."""
    words = WORDS[language]
    marked = [(one.run, one.signs) for one in summary.runs if one.signs is not None]
    if not marked:
        return ""
    against = {entry.run: entry.signs or {} for entry in summary.comparisons}
    names = list(dict.fromkeys(sign for _, signs in marked for sign in signs.documents))
    rows = []
    for run, signs in marked:
        row = [run]
        for name in names:
            moved = against.get(run, {}).get(name)
            apart = "" if moved is None else f" ({moved.difference:+d}: +{moved.only_other} \u2212{moved.only_first})"
            row.append(f"{signs.documents.get(name, 0)}{apart}".replace("(-", "(\u2212"))
        row.append(str(signs.any))
        if (of := signs.values) is not None:
            row += [str(of.values), str(of.wrong), str(of.unmarked_wrong)]
            row.append(with_range(of.any.recall, of.any.recall_ci95, language))
        rows.append(row)
    quality = ["values", "wrong", "unmarked_wrong", "recall"] if summary.with_gold else []
    shown = [name.replace("_", "_\u200b") for name in names]  # may be broken there, so that the table fits on paper
    head = [words["run"], *shown, *(words[f"signs_{one}"] for one in ("any", *quality))]
    return heading(words["signs"]) + paragraph(words["signs_how"]) + table(head, rows)


def _settings_table(summary: ComparisonSummary, words: Mapping[str, str]) -> str:
    """The settings that differ between the runs; nothing if there are none."""
    rows = [[one.run, ", ".join(f"{key}={value}" for key, value in one.settings.items())] for one in summary.runs]
    return table([words["run"], words["settings"]], rows, text_columns=2) if any(told for _, told in rows) else ""


def _amount(value: float | None, language: Language) -> str:
    digits = 0 if value is None or float(value).is_integer() or abs(value) >= 1000 else 1 if abs(value) >= 10 else 3
    return decimal(value, language, digits=digits)


def _field_table(entry: Against, language: Language) -> str:
    words = WORDS[language]
    overall = entry.overall
    whole = [] if overall is None else _test_cells(overall.micro, overall.exact, language)
    rows: list[Sequence[str]] = [
        [words["all"], *whole, with_range(entry.equal_share, entry.equal_ci95, language), ""],
    ]
    for name, one in entry.fields.items():
        tests = _test_cells(one, one, language) if isinstance(one, FieldDifference) else []
        kappa = "" if one.confusion is None else with_range(one.kappa, one.kappa_ci95, language)
        rows.append([name, *tests, with_range(one.equal_share, one.equal_ci95, language), kappa])
    tested = [] if overall is None else ["difference", "only_first_right", "only_other_right", "p", "p_holm"]
    head = [words["field"], *(words[name] for name in (*tested, "equal_share", "kappa"))]
    return table(head, rows, total_rows=1)


def _test_cells(gain: Differences, test: PairedTest, language: Language) -> list[str]:
    return [
        with_range(gain.f1_difference, gain.f1_difference_ci95, language),
        str(test.only_first_right),
        str(test.only_other_right),
        _probability(test.p, language),
        _probability(test.p_holm, language),
    ]


def _probability(value: float, language: Language) -> str:
    return f"< {decimal(0.001, language)}" if value < 0.001 else decimal(value, language)
