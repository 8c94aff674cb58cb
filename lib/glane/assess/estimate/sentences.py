"""Estimates in words, and as a record."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import replace

from glane.assess.clusters import COPIES_ALONE
from glane.assess.designs import design_text
from glane.assess.estimate.figures import if_reviewers_err, is_planned
from glane.assess.estimate.page_words import WORDS
from glane.assess.estimate.question import Question
from glane.assess.estimate.record import Estimate, EstimatesSummary, Found, Together, Validation
from glane.assess.right_answers import right_answers_text, right_answers_warnings
from glane.assess.rounding import count_digits, outward
from glane.errors import shown
from glane.toys import notice_lines

_MAX_LINES = 40
_DIFFER = 0.05  # p-value below which groups are said to differ
_LARGE_PART = 0.1  # of a run that was reviewed: the finite population then makes a difference
_METHODS = {
    "pooled": (
        "error rates shared over the groups, partly pooled with what each group's own review says, and scaled so that "
        "the groups add up to the figure over all"
    ),
    "ppi": "the model's answers on every document, corrected by the reviewed ones (prediction-powered inference)",
    "transported": (
        "the model's answers, corrected by the error rates of an earlier review; right only if it errs alike here"
    ),
    "rogan_gladen": "Rogan-Gladen: the model's share, corrected by its sensitivity and specificity",
    "gold_only": "from the reviewed documents alone",
}


def estimate_text(summary: EstimatesSummary) -> str:
    """The estimates, one line each, and what the intervals are."""
    found, question = summary.estimates, summary.question
    lines = [*notice_lines(summary.toy)]
    lines += [f"Warning: {one}" for one in right_answers_warnings(summary.right_answers, "en")]
    if summary.are_copies_known is False:
        lines.append(f"Warning: {COPIES_ALONE['en']}")
    lines += [f"{_subject(question)}{f', by {question.by!r}' if question.by else ''}:"]
    lines += [f"  {_line(one, question)}" for one in found[:_MAX_LINES]]
    if len(found) > _MAX_LINES:
        lines.append(f"  … and {len(found) - _MAX_LINES} more, in estimates.parquet")
    if summary.together is not None:
        lines.append(f"  {_line(summary.together.total, replace(question, by=None))}")
    lines += [f"{name}: {_METHODS[name]}" for name in sorted({one.method for one in found})]
    if summary.review is not None:
        lines.append(design_text(summary.review, "en"))
    if summary.right_answers is not None:
        lines.append(f"Right answers: {right_answers_text(summary.right_answers, 'en')}.")
    lines += filter(None, [_meaning(question), _nulls(question), _large_part(found, question)])
    if summary.together is not None:
        lines += _of_all(summary.together)
        if question.what == "count":
            lines.append(WORDS["en"]["rounded"])
    lines += _plans(summary)
    if question.shared_error_rates:
        lines.append(
            "One sensitivity and specificity were taken for all groups: the intervals hold only if the model errs "
            "alike in all of them."
        )
    if summary.validation is not None:
        lines.append(_validation(summary.validation))
    lines += _reviewers(summary)
    if summary.rows_without_values:
        lines.append(_failed(summary))
    return "\n".join(lines)


def summarised(found: Found, question: Question, *, num_rejected: int) -> EstimatesSummary:
    """The same, for programs."""
    return EstimatesSummary(
        question=question,
        interval=_meaning(question),
        nulls=_nulls(question),
        rows_without_values=num_rejected,
        estimates=tuple(found.estimates),
        together=found.together,
        validation=found.validation,
        validation_by_group=found.validation_by_group,
    )


def _of_all(together: Together) -> list[str]:
    """What holds for all groups of a pooled table."""
    lines = ["The limits of each line are for it alone; band_low and band_high of estimates.parquet hold all at once."]
    if together.heterogeneity is None:
        return lines
    differ = "" if together.heterogeneity >= _DIFFER else "; that it does not is likely, so look at the groups apart"
    return [*lines, f"That the model errs alike in all groups: p = {together.heterogeneity:.2g}{differ}."]


def _validation(found: Validation) -> str:
    """How well the model's yes tells the true one, in a line."""
    named = (
        ("sensitivity {value:.3f} [{low:.3f}, {high:.3f}] of {num}", found.sensitivity),
        ("PPV {value:.3f} [{low:.3f}, {high:.3f}] of {num}", found.ppv),
        ("specificity {value:.3f} [{low:.3f}, {high:.3f}] of {num}", found.specificity),
        ("NPV {value:.3f} [{low:.3f}, {high:.3f}] of {num}", found.npv),
    )
    told = [
        words.format(value=one.value, low=ends[0], high=ends[1], num=one.num)
        for words, one in named
        if one.value is not None and one.low is not None and one.high is not None
        for ends in [outward(one.low, one.high, 3)]
    ]
    return f"The model's yes against the review: {'; '.join(told)}."


def _reviewers(summary: EstimatesSummary) -> list[str]:
    """What errors of the reviewers could change, of one figure over all documents."""
    whole = _over_all(summary)
    ends = None if whole is None else if_reviewers_err(whole, summary.question)
    if ends is None:
        return []
    low, high = (_number(end, summary.question) for end in ends)
    return [f"Reviewers are taken at their word; if they were wrong in 1 of 100 documents: {low} to {high}."]


def _over_all(summary: EstimatesSummary) -> Estimate | None:
    """The figure over all documents; None where each group was estimated by itself, and of a regression."""
    if summary.together is not None:
        return summary.together.total
    return summary.estimates[0] if len(summary.estimates) == 1 and summary.question.by is None else None


def _failed(summary: EstimatesSummary) -> str:
    said = f"{summary.rows_without_values} documents of the run have no values and are not covered"
    if not summary.question.is_share:
        return f"{said}."
    by_group = "n_failed, if_failed_no and if_failed_yes of estimates.parquet bound what they could change"
    whole = _over_all(summary)
    if whole is None or whole.if_failed_no is None or whole.if_failed_yes is None:
        return f"{said}; {by_group}."
    no, yes = (_number(value, summary.question) for value in (whole.if_failed_no, whole.if_failed_yes))
    if summary.question.by is None:
        return f"{said}: {no} if none of them were a yes, {yes} if all were."
    return f"{said}: over all groups {no} if none of them were a yes, {yes} if all were. Of each group, {by_group}."


def _plain(group: object) -> object:
    return group.isoformat() if isinstance(group, datetime.date | datetime.time) else group


def _label(group: object) -> str:
    return "(no value)" if group is None else shown(str(_plain(group)))


def _label_of(one: Estimate, question: Question, whole: Together | None = None) -> str:
    if one.term is not None:
        return shown(one.term)
    is_whole = question.by is None or (whole is not None and one is whole.total)
    return "all documents" if is_whole else _label(one.group)


def _nulls(question: Question) -> str | None:
    """What a document without a value counts as."""
    if question.what in ("mean", "linear"):
        return None
    if question.case is not None:
        return "A document that lacks a value which the case definition needs is no case."
    return f"A document without a value of {question.field} counts as one that is not {question.value}."


def _large_part(found: Sequence[Estimate], question: Question) -> str | None:
    num_gold, num_run = sum(one.n_gold for one in found), sum(one.n_run for one in found)
    if question.is_finite and num_run and num_gold == num_run:
        return (
            "All documents of the run were reviewed: the figure is that of these documents, and nothing of it is "
            "uncertain but what reviewers got wrong. Set population=process for what they are a sample of."
        )
    if question.is_finite or question.method == "rogan_gladen" or num_gold < _LARGE_PART * num_run:
        return None
    return (
        f"{num_gold / num_run:.0%} of the run was reviewed, and the interval is for what the run is a sample of. "
        "Set population=run for these documents alone: a shorter one."
    )


def _subject(question: Question) -> str:
    if question.case is not None and question.what in ("prevalence", "count"):
        return f"{'Share' if question.what == 'prevalence' else 'Number'} of documents that are a case: {question.case}"
    match question.what:
        case "prevalence":
            return f"Share of documents with {question.field} = {question.value}"
        case "count":
            return f"Number of documents with {question.field} = {question.value}"
        case "mean":
            return f"Mean of {question.field} over the documents that state it"
        case "linear":
            return f"Coefficients of the linear regression of {question.field} on {', '.join(question.covariates)}"
        case "logistic":
            return (
                f"Coefficients (log odds ratios) of the logistic regression of {question.field} = {question.value} "
                f"on {', '.join(question.covariates)}"
            )


def _line(one: Estimate, question: Question) -> str:
    label = _label_of(one, question)
    seen = f"{one.n_gold} of {one.n_run} documents reviewed"
    note = f"; {one.note}" if one.note else ""
    if one.estimate is None or one.low is None or one.high is None:
        return f"{label}: no estimate ({one.method}; {seen}{note})"
    model = "" if one.model is None else f"; the model alone says {_number(one.model, question)}"
    low, high = _limits(one.low, one.high, question)
    limits = f"{100 * question.level:.4g} % interval {low} to {high}, by {one.method}"
    return f"{label}: {_number(one.estimate, question)} ({limits}; {seen}{model}{note})"


def _plans(summary: EstimatesSummary) -> list[str]:
    """How many documents to review for the wanted half-width, a line for each figure."""
    question, whole = summary.question, summary.together
    if question.half_width is None:
        return []
    found = [*summary.estimates[:_MAX_LINES], *([] if whole is None else [whole.total])]
    lines = [f"  {_label_of(one, question, whole)}: {_plan(one)}" for one in found if is_planned(one)]
    wanted = f"{100 * question.half_width:g} points" if question.what == "prevalence" else f"{question.half_width:g}"
    return [f"To review in all for ± {wanted}:", *lines] if lines else []


def _plan(one: Estimate) -> str:
    told = [
        f"{number} documents {how}"
        for number, how in ((one.rows_ppi, "with the model's answers"), (one.rows_gold_only, "without them"))
        if number is not None
    ]
    left = "" if len(told) == 2 else "more than there are, or than this sample can tell"
    return ", ".join(told) + (f"; without them {left}" if told and left else left)


def _number(value: float, question: Question) -> str:
    if question.what == "prevalence":
        return f"{100 * value:.2f} %"
    return f"{value:.{count_digits(value)}f}" if question.what == "count" else f"{value:.4g}"


def _limits(low: float, high: float, question: Question) -> tuple[str, str]:
    """Two limits, rounded outwards; those of a mean or a coefficient have as many digits as it needs."""
    if question.what == "prevalence":
        low, high = outward(100 * low, 100 * high, 2)
        return f"{low:.2f} %", f"{high:.2f} %"
    if question.what == "count":
        low, high = outward(low, high)
        return f"{low:.0f}", f"{high:.0f}"
    return f"{low:.4g}", f"{high:.4g}"


def _meaning(question: Question) -> str:
    together = " Each interval is for its own line, not for all of them at once." if question.covariates else ""
    of = "that of the run's documents" if question.is_finite else "that of what the run's documents are a sample of"
    return (
        f"The interval: drawing and reviewing another sample in the same way, again and again, about "
        f"{100 * question.level:.4g} of 100 such intervals would hold the true figure. It covers the model's errors "
        "and the chance of the draw, not errors of the reviewers, nor a sample that was not drawn at random from the "
        f"run. The true figure is {of}.{together}"
    )
