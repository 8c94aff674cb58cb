"""An evaluation told to a person: a page in French and English, without free text of documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from glane.assess.clusters import COPIES_ALONE, FEW_CLUSTERS
from glane.assess.evaluate.annotations import VALUE
from glane.assess.evaluate.arms_page import arms_section
from glane.assess.evaluate.record import EvaluationSummary, GroupScores
from glane.assess.evaluate.rule_words import rule_text
from glane.assess.evaluate.scores import (
    AskedNoteScores,
    CategoryScores,
    Confusion,
    Counts,
    DateScores,
    DescribedField,
    Exact,
    FieldScores,
    Micro,
    NoteScores,
    Overall,
    Ratios,
    Weights,
)
from glane.assess.evaluate.signs_page import signs_section
from glane.assess.evaluate.words import WORDS
from glane.assess.pages.labels import CODES
from glane.assess.pages.page import bar, decimal, heading, page, paragraph, table, warning, with_range
from glane.assess.right_answers import right_answers_text, right_answers_title, right_answers_warnings
from glane.types import Language
from glane.validation import Strict

_MAX_LABELS = 20  # of a confusion table that is shown


def evaluation_report(summary: EvaluationSummary, *, language: Language) -> str:
    """Return the page of an evaluation (`evaluation.json` is what it tells)."""
    return page(
        f"{WORDS[language]['title']} – {summary.task}",
        lambda code: _body(summary, code),
        language=language,
        toy=summary.toy,
    )


def _body(summary: EvaluationSummary, language: Language) -> str:
    words = WORDS[language]
    parts = [warning(one) for one in right_answers_warnings(summary.right_answers, language)]
    if summary.intervals.are_copies_known is False:
        parts.append(warning(COPIES_ALONE[language]))
    parts += [heading(words["title"], 1), _about(summary, language), heading(words["overall"])]
    parts += [_main_table(summary, language), paragraph(words["how"]), _how_sure(summary, words)]
    parts += [heading(words["errors"]), _error_table(summary, language)]
    if dates := {name: one.dates for name, one in summary.fields.items() if one.dates is not None and one.dates.pairs}:
        parts.append(_date_table(dates, language))
    parts += _categories(summary, language)
    for what, notes in (("reasons", summary.reasons), ("assertions", summary.assertions)):
        if notes:
            parts += [heading(words[what]), paragraph(words[f"{what}_how"]), _note_table(notes, what, language)]
    if summary.evidence:
        parts += [heading(words["evidence"]), paragraph(words["evidence_how"]), _evidence_table(summary, language)]
    if summary.signs is not None:
        parts.append(signs_section(summary.signs, language))
    if summary.arms is not None:
        parts.append(arms_section(summary.arms, language))
    for column, groups in summary.by.items():
        parts += [heading(words["by"].format(column=column)), _group_table(groups, language)]
    return "".join(parts)


def _about(summary: EvaluationSummary, language: Language) -> str:
    words, flow = WORDS[language], summary.documents
    unusable = ", ".join(f"{count} {status}" for status, count in flow.not_usable.items())
    rows = [
        (words["run"], summary.run),
        (words["task"], summary.task),
        (words["model"], summary.model),
        (words["gold"], summary.gold or "–"),
        (words["documents"], str(flow.compared)),
        (f"… {words['not_usable']}", unusable or "0"),
        (f"… {words['gold_not_in_run']}", str(flow.gold_not_in_run)),
        (f"… {words['run_not_in_gold']}", str(flow.run_not_in_gold)),
        (words["drawn"], how_drawn(summary.weights, words, language)),
        (words["fields_without_gold"], ", ".join(summary.fields_without_gold) or words["none"]),
    ]
    if (origin := summary.right_answers) is not None:
        rows.insert(4, (right_answers_title(language), right_answers_text(origin, language)))
    if summary.dates_without_precision:
        rows.append((words["dates_without_precision"], ", ".join(summary.dates_without_precision)))
    return table(["", ""], rows, text_columns=2)


def how_drawn(weights: Weights | None, words: Mapping[str, str], language: Language) -> str:
    """What the measures describe: the documents compared, or the run that they were drawn from."""
    if weights is None:
        return words["unknown_draw"]
    kind = "even" if weights.equal else "weighted" if weights.used else "unweighted"
    effective = decimal(weights.effective_documents, language, digits=0)
    return words[kind].format(column=weights.column, effective=effective)


def _how_sure(summary: EvaluationSummary, words: Mapping[str, str]) -> str:
    made = summary.intervals
    if not made.samples:
        return paragraph(words["no_intervals"])
    method = "BCa" if made.method == "bca" else made.method
    told = [words["intervals"].format(method=method, samples=made.samples, seed=made.seed)]
    if made.clusters is not None:
        told.append(words["clusters"].format(num=made.clusters))
        if made.clusters < FEW_CLUSTERS:
            told.append(words["few_clusters"])
    if summary.overall.macro.without_error:
        told.append(words["no_macro"].format(num=summary.overall.macro.without_error))
    return paragraph(" ".join(told))


def named(summary: EvaluationSummary, words: Mapping[str, str]) -> list[tuple[str, Ratios]]:
    """The averages, then the fields."""
    averages: list[tuple[str, Ratios]] = [
        (words["micro"], summary.overall.micro),
        (words["macro"], summary.overall.macro),
    ]
    return averages + [
        (name + (words["items"] if entry.level == "items" else ""), entry) for name, entry in summary.fields.items()
    ]


def exact_of(entry: Ratios, overall: Overall) -> Exact | None:
    """The share of documents without error that stands beside a line; the macro-average has none."""
    return overall if isinstance(entry, Micro) else entry if isinstance(entry, FieldScores) else None


def _main_table(summary: EvaluationSummary, language: Language) -> str:
    words = WORDS[language]
    rows = []
    for name, entry in named(summary, words):
        exact = exact_of(entry, summary.overall)
        rows.append(
            [
                name,
                rule_text(entry.rule, language) if isinstance(entry, DescribedField) else "",
                str(entry.support) if isinstance(entry, Counts) else "",
                with_range(entry.precision, entry.precision_ci95, language),
                with_range(entry.recall, entry.recall_ci95, language),
                with_range(entry.f1, entry.f1_ci95, language),
                "" if exact is None else with_range(exact.exact, exact.exact_ci95, language),
                bar(entry.f1, entry.f1_ci95),
            ]
        )
    head = [words[one] for one in ("field", "rule", "support", "precision", "recall", "f1", "exact", "f1")]
    return table(head, rows, total_rows=2, text_columns=2)


def _date_table(dates: Mapping[str, DateScores], language: Language) -> str:
    """How near dates are: a count of the pairs that could be compared so."""
    rows = [
        [
            name,
            f"{one.agree} / {one.pairs}",
            f"{one.same_year} / {one.pairs}",
            f"{one.same_month} / {one.months}",
            f"{one.same_week} / {one.days}",
        ]
        for name, one in dates.items()
    ]
    return table(WORDS[language]["dates"].split("|"), rows)


def _error_table(summary: EvaluationSummary, language: Language) -> str:
    words = WORDS[language]
    verdicts = ("correct", "wrong", "missed", "spurious", "absent")
    presence = ("both", "gold_only", "predicted_only", "neither")
    rows = [
        [
            name,
            *(str(getattr(entry, one)) for one in verdicts),
            *(str(getattr(entry.presence, one)) for one in presence),
        ]
        for name, entry in named(summary, words)
        if isinstance(entry, DescribedField)
    ]
    head = [words["field"], *(words[one] for one in (*verdicts, *presence))]
    return paragraph(words["presence_how"]) + table(head, rows)


def _picked(values: Strict, names: Sequence[str]) -> list[int]:
    return [getattr(values, name) for name in names]


def _categories(summary: EvaluationSummary, language: Language) -> list[str]:
    words = WORDS[language]
    found = {name: entry for name, entry in summary.fields.items() if entry.values is not None or entry.confusion}
    if not found:
        return []
    parts = [heading(words["categories"]), paragraph(words["categories_how"])]
    for name, entry in found.items():
        parts.append(heading(name, 3))
        told = CODES[language] if set(entry.values or ()) == {"true", "false"} else {}
        if entry.values is not None:
            parts.append(_value_table(entry.values, language, told))
        if entry.confusion is not None:
            parts.append(_confusion_table(entry.confusion, words, told))
    return parts


def _value_table(values: Mapping[str, CategoryScores], language: Language, told: Mapping[str, str]) -> str:
    words = WORDS[language]
    rows = [
        [
            told.get(value, value),
            str(entry.tp + entry.fn),
            with_range(entry.sensitivity, entry.sensitivity_ci95, language, digits=2),
            with_range(entry.specificity, entry.specificity_ci95, language, digits=2),
            with_range(entry.ppv, entry.ppv_ci95, language, digits=2),
            with_range(entry.npv, entry.npv_ci95, language, digits=2),
        ]
        for value, entry in values.items()
        if entry.tp + entry.fp + entry.fn
    ]
    return table([words[one] for one in ("value", "count", "sensitivity", "specificity", "ppv", "npv")], rows)


def _confusion_table(entry: Confusion, words: Mapping[str, str], told: Mapping[str, str] = {}) -> str:
    """The categories that occur; none where they are too many to be read. `told` are other words for some of them."""
    counts = entry.counts
    there = [at for at in range(len(counts)) if any(counts[at]) or any(row[at] for row in counts)]
    if len(there) > _MAX_LABELS:
        return ""
    labels = [words["null"] if label is None else told.get(label, label) for label in entry.labels]
    rows = [[labels[at], *(str(counts[at][other] or "·") for other in there)] for at in there]
    return table([words["confusion"], *(labels[at] for at in there)], rows)


def _note_table(notes: Mapping[str, NoteScores], what: str, language: Language) -> str:
    """Of reasons or assertions: the share right by field, and who says what."""
    words = WORDS[language]
    asked = {name: entry for name, entry in notes.items() if isinstance(entry, AskedNoteScores)}
    rows = [
        [name, str(entry.compared), with_range(entry.share, entry.share_ci95, language)]
        for name, entry in asked.items()
    ]
    shown = table([words["field"], words["count"], words["share"]], rows) if rows else ""
    silent = [name for name in notes if name not in asked]
    note = paragraph(f"{words[f'{what}_not_asked']} {', '.join(silent)}.") if silent else ""
    told = {**CODES[language], VALUE: words["value"].lower()}
    tables = [
        heading(name, 3) + _confusion_table(entry.confusion, words, told)
        for name, entry in asked.items()
        if entry.compared
    ]
    return shown + note + "".join(tables)


def _evidence_table(summary: EvaluationSummary, language: Language) -> str:
    words = WORDS[language]
    with_passages = any(entry.with_marked_passage is not None for entry in summary.evidence.values())
    rows = []
    for name, entry in summary.evidence.items():
        row = [name, str(entry.quotes)]
        row += [decimal(one, language) for one in (entry.exact_share, entry.exact_or_normalised_share)]
        if with_passages:
            row.append(str(entry.with_marked_passage))
            row += [decimal(one, language) for one in (entry.overlap_share, entry.iou_mean)]
        rows.append(row)
    head = ["field", "quotes", "exact_share", "exact_or_normalised_share"]
    head += ["with_marked_passage", "overlap_share", "iou_mean"] if with_passages else []
    return table([words[one] for one in head], rows)


def _group_table(groups: Mapping[str, GroupScores], language: Language) -> str:
    """F1 of the averages and of every field, a line per field and a column per subgroup."""
    words = WORDS[language]
    if not groups:
        return ""
    parts = list(groups.values())
    rows: list[Sequence[str]] = [
        [words["documents"], *(str(part.documents) for part in parts)],
        [words["micro"], *(_f1(part.micro, language) for part in parts)],
        [words["macro"], *(_f1(part.macro, language) for part in parts)],
    ]
    rows += [[name, *(_f1(part.fields[name], language, digits=2) for part in parts)] for name in parts[0].fields]
    return table([words["f1"], *groups], rows, total_rows=3)


def _f1(scores: Ratios, language: Language, *, digits: int = 3) -> str:
    return with_range(scores.f1, scores.f1_ci95, language, digits=digits)
