"""An estimate as a page: the figure, its interval, its groups, and what it rests on."""

from __future__ import annotations

import datetime
from collections.abc import Callable

from glane.assess.clusters import COPIES_ALONE
from glane.assess.designs import design_text
from glane.assess.estimate.chart import chart
from glane.assess.estimate.figures import if_reviewers_err, is_planned
from glane.assess.estimate.notes import in_language
from glane.assess.estimate.page_words import WORDS
from glane.assess.estimate.periods import period_name
from glane.assess.estimate.question import Question
from glane.assess.estimate.record import Estimate, EstimatesSummary, Validation, ValidationFigure
from glane.assess.pages.page import decimal, heading, page, paragraph, table, warning, with_range
from glane.assess.right_answers import right_answers_text, right_answers_title, right_answers_warnings
from glane.assess.rounding import count_digits, outward
from glane.languages import clauses, plurals_in
from glane.types import Language

_DIFFER = 0.05
_DIGITS = 3  # after the point, of means and coefficients
_MANY = 1000  # groups on a page; estimates.parquet has all


def estimate_page(summary: EstimatesSummary, *, language: Language) -> str:
    """Return the page of an estimate in both languages; it opens in `language`."""
    return page(WORDS[language]["title"], lambda code: _body(summary, code), language=language, toy=summary.toy)


def _body(summary: EstimatesSummary, language: Language) -> str:
    words, question = WORDS[language], summary.question
    together = summary.together
    overall = together.total if together is not None else None
    if overall is None and question.by is None and not question.covariates:
        [overall] = summary.estimates
    parts = [warning(one) for one in right_answers_warnings(summary.right_answers, language)]
    if summary.are_copies_known is False:
        parts.append(warning(COPIES_ALONE[language]))
    parts += [heading(_subject(question, language), 1), _about(summary, language)]
    if overall is not None:
        parts.append(_figure(overall, question, language))
    if together is not None and len(summary.estimates) > 1:
        parts += [
            chart(
                summary.estimates[:_MANY],
                _subject(question, language),
                _label_of(question, language),
                _tick_of(question, language),
            ),
            paragraph(words["chart"]),
        ]
    if question.by is not None or question.covariates:
        rows = [_row(one, question, language) for one in summary.estimates[:_MANY]]
        if overall is not None:
            rows.insert(0, _row(overall, question, language, label=words["all"]))
        head = words["head" if question.by else "head_terms"].split("|")
        parts.append(table(head, rows, total_rows=int(overall is not None)))
        if len(summary.estimates) > _MANY:
            parts.append(paragraph(words["many"].format(shown=_MANY, all=len(summary.estimates))))
    if question.half_width is not None:
        parts += _plan(summary, overall, language)
    if summary.validation is not None:
        parts += [heading(words["validation"]), _validation_table(summary.validation, language)]
        level = decimal(100 * question.level, language, digits=0)
        parts.append(paragraph(words["validation_intervals"].format(level=level)))
    if len(summary.validation_by_group) > 1:
        parts.append(_by_group(summary, language))
    return "".join([*parts, heading(words["how"]), *map(paragraph, _how(summary, overall, language))])


def _subject(question: Question, language: Language) -> str:
    words = WORDS[language]
    if question.case is not None and question.is_share:
        told = words[f"case_{question.what}"].format(case=question.case)
        return told + (words["by"].format(by=question.by) if question.by else "")
    told = words[question.what].format(
        field=question.field, value=question.value, covariates=", ".join(question.covariates)
    )
    return told + (words["by"].format(by=question.by) if question.by else "")


def _about(summary: EstimatesSummary, language: Language) -> str:
    words = WORDS[language]
    rows = [[words["run"], summary.run]] + ([[words["gold"], summary.gold]] if summary.gold else [])
    if (origin := summary.right_answers) is not None:
        rows.append([right_answers_title(language), right_answers_text(origin, language)])
    return table(("", ""), rows, text_columns=2)


def _figure(one: Estimate, question: Question, language: Language) -> str:
    words = WORDS[language]
    if one.estimate is None or one.low is None or one.high is None:
        return paragraph(words["none"])
    level = decimal(100 * question.level, language, digits=0)
    between = _between(one.low, one.high, question, language)
    said = [f"{_number(one.estimate, question, language)} ({words['interval_of'].format(level=level)} {between})."]
    if one.model is not None:
        said.append(words["model_says"].format(model=_number(one.model, question, language)))
    said.append(plurals_in(words["reviewed_of"].format(reviewed=one.n_gold, run=one.n_run), language))
    notes = "".join(paragraph(f"⚠ {told}") for told in _notes(one, question, language))
    return heading(said[0], 2) + paragraph(" ".join(said[1:])) + notes


def _plan(summary: EstimatesSummary, overall: Estimate | None, language: Language) -> list[str]:
    """How many documents to review for the wanted half-width, in all and in each group."""
    words, question = WORDS[language], summary.question
    assert question.half_width is not None
    shown = decimal(100 * question.half_width if question.what == "prevalence" else question.half_width, language)
    wanted = shown.rstrip("0").rstrip(".,") + words[f"unit_{question.what}"]
    label, rows = _label_of(question, language), []
    for one in [overall, *(one for one in summary.estimates[:_MANY] if one is not overall)]:
        if one is None or not is_planned(one):
            continue
        name = words["all"] if one is overall else one.term or label(one.group)
        numbers = (one.rows_ppi, one.rows_gold_only)
        told = [words["too_many"] if num is None else decimal(num, language, digits=0) for num in numbers]
        rows.append([name, *told, decimal(one.n_run, language, digits=0)])
    if not rows:
        return []
    return [
        heading(words["plan"].format(half_width=wanted)), table(words["plan_head"].split("|"), rows),
        paragraph(words["plan_how"]),
    ]  # fmt: skip


def _validation_table(found: Validation, language: Language) -> str:
    """Counts of reviewed documents, and the figures with their limits; sensitivity and PPV first."""
    words = WORDS[language]
    counts = [
        [words["said_yes"], str(found.true_positive), str(found.false_positive)],
        [words["said_no"], str(found.false_negative), str(found.true_negative)],
    ]
    rows = []
    for name in ("sensitivity", "ppv", "specificity", "npv", "lr_positive", "lr_negative"):
        one: ValidationFigure = getattr(found, name)
        ends = None if one.low is None or one.high is None else (one.low, one.high)
        rows.append([words[name], with_range(one.value, ends, language), str(one.num)])
    return table(words["validation_counts"].split("|"), counts) + table(words["validation_head"].split("|"), rows)


def _by_group(summary: EstimatesSummary, language: Language) -> str:
    """Sensitivity, PPV, specificity and NPV in each group."""
    rows = []
    for one in summary.validation_by_group:
        row = [_label_of(summary.question, language)(one.group)]
        for name in ("sensitivity", "ppv", "specificity", "npv"):
            figure: ValidationFigure = getattr(one.validation, name)
            ends = None if figure.low is None or figure.high is None else (figure.low, figure.high)
            row += [with_range(figure.value, ends, language, digits=2), str(figure.num)]
        rows.append(row)
    told = table(WORDS[language]["validation_by_group"].split("|"), rows)
    if left := len(summary.estimates) - len(rows):
        told += paragraph(WORDS[language]["validation_left_out"].format(num=left))
    return told


def _row(one: Estimate, question: Question, language: Language, *, label: str | None = None) -> list[str]:
    shown = label or (one.term if one.term is not None else _label_of(question, language)(one.group))

    def ends(low: float | None, high: float | None) -> str:
        if low is None or high is None:
            return "–"
        return _between(low, high, question, language)

    row = [
        shown,
        _number(one.estimate, question, language),
        ends(one.low, one.high),
        _number(one.model, question, language),
        decimal(one.n_run, language, digits=0),
        decimal(one.n_gold, language, digits=0),
    ]
    if question.by is not None:
        row.append(ends(one.band_low, one.band_high))
    return [*row, clauses(_notes(one, question, language), language)]


def _notes(one: Estimate, question: Question, language: Language) -> list[str]:
    words, found = WORDS[language], []
    if not one.n_run:
        return [words["no_document"]]
    if one.estimate is None:
        found.append(words["no_estimate"])
    if one.if_failed_yes is not None:
        no, yes = (_number(value, question, language) for value in (one.if_failed_no, one.if_failed_yes))
        found.append(words["failed"].format(failed=one.n_failed, no=no, yes=yes))
    return [*found, *(in_language(one.note, language) if one.note else ())]


def _how(summary: EstimatesSummary, overall: Estimate | None, language: Language) -> list[str]:
    words, question = WORDS[language], summary.question
    found = [words[name] for name in sorted({one.method for one in summary.estimates if one.method in words})]
    if summary.together is not None and (p := summary.together.heterogeneity) is not None:
        found.append(words["alike" if p >= _DIFFER else "differ"].format(p=decimal(p, language)))
    if summary.together is not None and question.what == "count":
        found.append(words["rounded"])
    if overall is not None and overall.clusters is not None:
        found.append(
            words["clusters"].format(
                clusters=overall.clusters, columns=", ".join(question.clusters) or words["same_text"],
                effect=decimal(overall.design_effect, language, digits=1),
            )
        )  # fmt: skip
    if summary.review is not None:
        found.append(design_text(summary.review, language))
    if overall is not None and question.is_finite and overall.n_gold == overall.n_run:
        found.append(words["all_reviewed"])
    found.append(words["of_run" if question.is_finite else "of_process"])
    if question.what not in ("mean", "linear"):
        found.append(words["case_nulls"] if question.case else words["nulls"].format(value=question.value))
    ends = None if overall is None else if_reviewers_err(overall, question)
    if ends is None:
        return [*found, words["assumes"]]
    low, high = (_number(end, question, language) for end in ends)
    return [*found, f"{words['assumes']} {words['reviewers_err'].format(low=low, high=high)}"]


def _label_of(question: Question, language: Language) -> Callable[[object], str]:
    def label(group: object) -> str:
        if group is None:
            return WORDS[language]["no_value"]
        if isinstance(group, datetime.date):
            name = period_name(group, question.every, language)
            return name.replace("-", "\u2011").replace(" ", "\u00a0")  # not to be broken
        return str(group)

    return label


def _tick_of(question: Question, language: Language) -> Callable[[float], str]:
    """How the axis of the chart writes a figure."""

    def tick(value: float) -> str:
        if question.what == "prevalence":
            return f"{100 * value:.3g}\u00a0%".replace(".", "," if language == "fr" else ".")
        return f"{value:.4g}".replace(".", "," if language == "fr" else ".")

    return tick


def _between(low: float, high: float, question: Question, language: Language) -> str:
    """Two limits, rounded outwards."""
    if question.what == "prevalence":
        low, high = (end / 100 for end in outward(100 * low, 100 * high, 2))
    else:
        low, high = outward(low, high, 0 if question.what == "count" else _DIGITS)
    return f"{_number(low, question, language)} – {_number(high, question, language)}"


def _number(value: float | None, question: Question, language: Language) -> str:
    if value is None:
        return "–"
    if question.what == "prevalence":
        return f"{decimal(100 * value, language, digits=2)}\u00a0%"
    return decimal(value, language, digits=count_digits(value) if question.what == "count" else _DIGITS)
